// metrics.jsonl: one JSON object a step, in the order of the steps, without gaps or repetitions.

import { LARGEST_TEXT } from "../files/regular-file.js";
import { AppendLog } from "./append-log.js";
import { RunDirectoryError } from "./errors.js";
import { errorCode, readFully, storageError, withDescriptor } from "./storage.js";

/** `step` counts from 1; the other fields are those of the method, lists where there is a figure for each block. */
export interface StepMetrics {
  readonly step: number;
  readonly [name: string]: number | readonly number[];
}

export class MetricsLog {
  readonly #log: AppendLog;
  #lastStep: number;

  private constructor(log: AppendLog, lastStep: number) {
    this.#log = log;
    this.#lastStep = lastStep;
  }

  /**
   * Opens or creates the file and cuts off all after `throughStep`: the steps that a resumed run takes again, and the
   * half line of a killed process. Throws StorageError, and RunDirectoryError when steps before that are missing.
   */
  static async open(path: string, throughStep: number): Promise<MetricsLog> {
    const { length, lastStep } = await prefixThrough(path, throughStep);
    if (lastStep < throughStep) {
      throw new RunDirectoryError(
        `${path} should hold the steps up to ${throughStep}, that of the checkpoint; it is whole up to step ${lastStep}. ` +
          "It was changed or damaged. To go on without the missing lines, delete it",
      );
    }
    return new MetricsLog(new AppendLog(path, length), throughStep);
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

/** Bytes of the whole lines of steps up to `throughStep`, and the last of these steps. */
async function prefixThrough(path: string, throughStep: number): Promise<{ length: number; lastStep: number }> {
  let length = 0;
  let lastStep = 0;
  try {
    await withDescriptor(path, async (descriptor) => {
      for await (const line of wholeLines(descriptor)) {
        const step = stepOf(line);
        // A file that was deleted in between begins at a later step: it lacks nothing that it once had.
        if (lastStep === 0 && step !== undefined && step > throughStep) lastStep = throughStep;
        if (lastStep === throughStep || step === undefined || (lastStep > 0 && step !== lastStep + 1)) return;
        length += line.length + 1;
        lastStep = step;
      }
    });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { length: 0, lastStep: throughStep };
    throw storageError(error, "read", path);
  }
  return { length, lastStep };
}

function stepOf(line: Buffer): number | undefined {
  try {
    const { step } = JSON.parse(line.toString("utf8"));
    return Number.isSafeInteger(step) ? step : undefined;
  } catch {
    return undefined;
  }
}

/** Lines that end in a line break, without it. */
async function* wholeLines(descriptor: number): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(1 << 20);
  let rest = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const bytes = await readFully(descriptor, chunk, position);
    if (bytes === 0) return;
    position += bytes;
    let text = Buffer.concat([rest, chunk.subarray(0, bytes)]);
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10)) {
      yield text.subarray(0, end);
      text = text.subarray(end + 1);
    }
    // Whatever it is, it is no line of a log.
    if (text.length > LARGEST_TEXT) return;
    rest = text;
  }
}
