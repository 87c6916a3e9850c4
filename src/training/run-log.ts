// log.txt: what happened in a run, such as skipped files and warnings, each line with its time.

import { AppendLog } from "../files/growing-file.js";
import { printable } from "../terminal/printable.js";
import { describeWeights } from "./describe-weights.js";
import type { RunEvent } from "./events.js";

export class RunLog {
  readonly #log: AppendLog;
  readonly #now: () => Date;

  constructor(path: string, now: () => Date = () => new Date()) {
    this.#log = new AppendLog(path);
    this.#now = now;
  }

  /** Something worth knowing later: started, resumed, which device. */
  info(message: string): void {
    this.#write("info", message);
  }

  /** Something that may spoil the result, though the run goes on. */
  warn(message: string): void {
    this.#write("warning", message);
  }

  /** A file that could not be read. */
  skipped(path: string, reason: string): void {
    this.#write("skipped", `${path}: ${reason}`);
  }

  /** The events that belong here, in words. */
  record(event: RunEvent): void {
    switch (event.type) {
      case "announced":
        this.info(event.doneSteps > 0 ? `resumed after step ${event.doneSteps}` : "started");
        break;
      case "warning": {
        const message = event.message.replaceAll("\n", " ");
        this.warn(event.sign === undefined ? message : `step ${event.step}: ${message}`);
        break;
      }
      case "weights":
        for (const line of describeWeights(event)) this.info(line.trim());
        break;
      case "skipped":
        this.skipped(event.name, event.reason);
        break;
      case "finished":
        this.info(
          event.summary === null
            ? "stopped before anything had to be saved"
            : `${event.outcome} after step ${event.step}`,
        );
        break;
      case "failed":
        this.warn(`ended with an error: ${event.message}`);
    }
  }

  close(): void {
    this.#log.close();
  }

  #write(kind: string, message: string): void {
    // A line break inside, as file names and decoders' messages may hold, must not look like a line of its own.
    this.#log.append(`${this.#now().toISOString()} ${kind} ${printable(message)}`);
  }
}
