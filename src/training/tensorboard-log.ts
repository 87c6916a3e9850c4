// The metrics of a run as TensorBoard reads them: a file for each time that the run is started or goes on.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PartialFile } from "../files/growing-file.js";
import { encodeTensorBoardEvent, type TensorBoardEvent } from "../formats/tensorboard.js";
import type { StepMetrics } from "./metrics-file.js";

export class TensorBoardLog {
  readonly #file: PartialFile;

  /**
   * Begins a file in a folder that is there. Steps from `firstStep` on that stand in the files of before do not count any
   * more: the run takes them again. Throws StorageError.
   */
  constructor(folder: string, firstStep: number) {
    const wallSeconds = Date.now() / 1000;
    this.#file = new PartialFile(join(folder, nextName(readdirSync(folder), wallSeconds)));
    this.#append({ kind: "version", wallSeconds, step: 0 });
    if (firstStep > 1) this.#append({ kind: "start", wallSeconds, step: firstStep });
  }

  /** Appends the metrics of a step; a list becomes a scalar for each block, numbered from 0. Throws StorageError. */
  append({ step, ...metrics }: StepMetrics): void {
    const scalars = Object.entries(metrics).flatMap(([name, found]) =>
      typeof found === "number"
        ? [[name, found] as const]
        : found.map((each, block) => [`${name}/block ${block}`, each] as const),
    );
    this.#append({ kind: "scalars", wallSeconds: Date.now() / 1000, step, scalars });
  }

  close(): void {
    this.#file.close();
  }

  #append(event: TensorBoardEvent): void {
    this.#file.append(encodeTensorBoardEvent(event));
  }
}

/** TensorBoard reads files in the order of their names, and two may be begun within a second. */
function nextName(names: readonly string[], wallSeconds: number): string {
  const taken = names.map((name) => Number(/^events\.out\.tfevents\.(\d+)\./.exec(name)?.[1] ?? 0));
  const seconds = Math.max(Math.floor(wallSeconds), ...taken.map((other) => other + 1));
  return `events.out.tfevents.${String(seconds).padStart(10, "0")}.mixedae`;
}
