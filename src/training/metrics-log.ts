// metrics.jsonl: one JSON object per step, in the order of the steps, without gaps or repetitions.

import { constants, copyFile, readFile } from "node:fs/promises";
import { writeAtomically } from "../files/atomic-write.js";
import { AppendLog } from "../files/growing-file.js";
import { errorCode, storageError } from "../files/storage.js";
import { RunDirectoryError } from "./errors.js";
import { type MetricsScan, type Span, type StepMetrics, scanMetrics } from "./metrics-file.js";

export class MetricsLog {
  readonly #log: AppendLog;
  #lastStep: number;

  private constructor(
    log: AppendLog,
    lastStep: number,
    /** What was wrong with the file when it was opened, and where that is kept, in words. */
    readonly repaired: string | undefined,
  ) {
    this.#log = log;
    this.#lastStep = lastStep;
  }

  /**
   * Opens or creates the file and cuts off all after `throughStep`: the steps that a resumed run takes again, and the
   * half line of a killed process. A file with other lines than that is first copied, and put in order. Throws
   * StorageError, and RunDirectoryError when steps before that are missing.
   */
  static async open(path: string, throughStep: number): Promise<MetricsLog> {
    const { length, repaired } = await keptOf(path, throughStep);
    return new MetricsLog(new AppendLog(path, length), throughStep, repaired);
  }

  /** Appends the next step's line. Throws StorageError, and RangeError when it is not the next step. */
  append(metrics: StepMetrics): void {
    if (metrics.step !== this.#lastStep + 1) {
      throw new RangeError(`metrics: expected step ${this.#lastStep + 1}; found ${metrics.step}`);
    }
    this.#log.append(JSON.stringify(metrics));
    this.#lastStep = metrics.step;
  }

  /** Puts all lines on the disk; to be called before a checkpoint of the same step is written. */
  sync(): void {
    this.#log.sync();
  }

  close(): void {
    this.#log.close();
  }
}

/**
 * What to keep of the file, and what was wrong with it. Lines that are where they do not belong (of a second process, or
 * of a damaged disk) are never cut away: then the whole file is first copied.
 */
async function keptOf(path: string, throughStep: number): Promise<{ length: number; repaired?: string }> {
  let scan: MetricsScan;
  try {
    scan = await scanMetrics(path, throughStep);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { length: 0 };
    throw error;
  }
  const { last, length, misplaced, spans } = scan;
  if (misplaced === 0) {
    // A file that was deleted in between begins at a later step: it lacks nothing that it once had.
    if (last < throughStep) throw lacking(path, throughStep, last, throughStep - last);
    return { length };
  }
  const kept = [...spans.keys()].sort((a, b) => a - b);
  const missing = kept.length === 0 ? 0 : throughStep - kept[0]! + 1 - kept.length;
  if (missing > 0) throw lacking(path, throughStep, last, missing);
  const copy = await copyBeside(path);
  await writeSpans(
    path,
    kept.map((step) => spans.get(step)!),
  );
  const lines = misplaced === 1 ? "1 line that is" : `${misplaced} lines that are`;
  return {
    length: kept.reduce((sum, step) => sum + spans.get(step)!.end - spans.get(step)!.begin, 0),
    repaired:
      `${path} holds ${lines} not the next step's: a second process wrote to it, or it was damaged. ` +
      `The steps up to ${throughStep} are kept, each once and in order; the file as it was is ${copy}.`,
  };
}

function lacking(path: string, throughStep: number, last: number, missing: number): RunDirectoryError {
  return new RunDirectoryError(
    `${path} should hold the steps up to ${throughStep}, that of the checkpoint; it is whole up to step ${last}, and ` +
      `lacks ${missing} of them. It was changed or damaged. To continue without the missing lines, move it elsewhere`,
  );
}

/** Returns the path of the copy, whose name no other file has. */
async function copyBeside(path: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const copy = `${path}.damaged-${time}`;
  try {
    await copyFile(path, copy, constants.COPYFILE_EXCL);
  } catch (error) {
    throw storageError(error, "write", copy);
  }
  return copy;
}

/** Leaves these parts of the file, in this order. */
async function writeSpans(path: string, spans: readonly Span[]): Promise<void> {
  const whole = await readFile(path);
  await writeAtomically(
    path,
    spans.map(({ begin, end }) => whole.subarray(begin, end)),
  );
}
