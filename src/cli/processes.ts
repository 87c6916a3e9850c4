// The processes of one command: opened before it begins, and told of its end, whatever that was.

import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { type Communicator, oneProcess } from "../processes/communicator.js";
import { type Launch, readLaunch } from "../processes/launch.js";
import { openProcesses } from "../processes/open.js";
import { printable } from "../terminal/printable.js";

/** Commands whose work processes divide. Of any other, the first process alone does it. */
const dividedCommands: ReadonlySet<string> = new Set([
  ...["pretrain", "resume", "finetune", "embed", "knn", "probe"],
  ...["segment train", "segment evaluate", "detect train", "detect evaluate"],
  ...["knn", "probe", "finetune", "segment", "detect"].map((name) => `evaluate ${name}`),
]);

/** How long a launcher needs to end all processes once the first has failed, in milliseconds. */
const PATIENCE = 3000;

/** What a command knows of the other processes. */
export interface CommandProcesses {
  readonly communicator: Communicator;
  /** To be called with an error that the command deals with by itself: the others end for it too. */
  fail(error: unknown): void;
}

/** The processes that a launcher started for one command line. */
export class LaunchedProcesses implements CommandProcesses {
  communicator: Communicator = oneProcess;
  #failure: Error | undefined;
  readonly #launch: Launch | undefined;

  constructor(private readonly environment: NodeJS.ProcessEnv) {
    this.#launch = readLaunch(environment);
  }

  /**
   * Opens them for a command that they divide. Returns false where this process has nothing to do. Throws ProcessesError.
   */
  async begin(command: Command, args: readonly string[]): Promise<boolean> {
    const group = command.parent?.parent ? `${command.parent.name()} ` : "";
    if (!dividedCommands.has(group + command.name())) return (this.#launch?.rank ?? 0) === 0;
    try {
      this.communicator = await openProcesses(["mixedae", ...args], this.environment);
    } catch (error) {
      await this.#sayAlone(error as Error);
      throw error;
    }
    return true;
  }

  /** What keeps another process than the first from speaking to it, it says itself, unless all end for the same. */
  async #sayAlone({ message }: Error): Promise<void> {
    if (this.#launch === undefined || this.#launch.rank === 0) return;
    await setTimeout(PATIENCE);
    process.stderr.write(`error: process ${this.#launch.rank}: ${printable(message)}\n`);
  }

  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
  }

  /** Resolves when all have ended. Returns the error of another process that nobody here knows of yet. */
  end(): Promise<Error | undefined> {
    return this.communicator.close(this.#failure);
  }
}
