// The errors that a person can act on: what was expected, what was found, what to do.

import { DataError } from "../data/errors.js";
import { PeerError } from "../processes/errors.js";

/** A place where results must not be written: it is taken, or lies among the images that they are made from. */
export class OutputError extends DataError {
  override readonly name = "OutputError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** A checkpoint file is not intact or not ours. */
export class CheckpointError extends Error {
  override readonly name: string = "CheckpointError";
  readonly path: string;
  /** What is wrong, without the path. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path} is not a usable checkpoint: ${reason}`);
    this.path = path;
    this.reason = reason;
  }

  /** Whether it is the request that has to change, and not the file that is damaged. */
  get isMisuse(): boolean {
    return false;
  }
}

/** A file that is intact, but not what was asked for: weights of another library, or another kind of model. */
export class UnsuitableCheckpointError extends CheckpointError {
  override readonly name = "UnsuitableCheckpointError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** A run's folder cannot be used: another process writes it at the moment, or it lacks what it should have. */
export class RunDirectoryError extends Error {
  override readonly name: string = "RunDirectoryError";

  /** Whether it is the request that has to change. */
  get isMisuse(): boolean {
    return false;
  }
}

/** A folder that is not a run, one of another kind than was asked for, or one already where a new one was asked for. */
export class UnsuitableRunError extends RunDirectoryError {
  override readonly name = "UnsuitableRunError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** Stopped on request before there was anything that had to be saved. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";

  constructor() {
    super("Stopped on request");
  }

  /** Whether an error is one, or what an operation that was aborted by one, or by `signal`, throws. */
  static is(error: unknown, signal?: AbortSignal): boolean {
    const isReason = (value: unknown) =>
      value instanceof StoppedError ||
      (value instanceof PeerError && value.kind === "StoppedError") ||
      (signal?.aborted === true && value === signal.reason);
    return isReason(error) || (error instanceof Error && isReason(error.cause));
  }
}

/** More memory is planned than is free. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
}

/** The loss or the gradient is no longer a finite number. */
export class TrainingDivergedError extends Error {
  override readonly name = "TrainingDivergedError";

  constructor(step: number, loss: number, gradientNorm: number, traces: string) {
    super(
      `Step ${step}: expected a finite loss and gradient; found loss ${loss}, gradient norm ${gradientNorm}. ` +
        "Nothing was updated, and the last checkpoint is as it was. " +
        `${traces} ` +
        "Start a new run with a lower learning rate (--set schedule.learningRate=...), a longer warm-up " +
        "(--set schedule.warmupShare=...) or clipped gradients (--set optimizer.clipNorm=1; for a method with a teacher, " +
        "a smaller methodOptions.parameterClipNorm)",
    );
  }
}
