// The errors that a person can act on: what was expected, what was found, what to do.

/** The configuration is not valid; `problems` holds one sentence for each thing that is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const [first = "unknown problem"] = problems;
    super(
      problems.length === 1
        ? `The configuration is not valid: ${first}`
        : `The configuration is not valid (${problems.length} problems):\n${problems.map((each) => `  - ${each}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/** The disk is full, the folder is read-only or the like: the operating system refused to read or write. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** The operating system's code, such as ENOSPC. */
  readonly code: string;
  readonly path: string;

  constructor(message: string, code: string, path: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.path = path;
  }
}

/** A checkpoint file is not intact or not ours. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly path: string;
  /** What is wrong, without the path. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path} is not a usable checkpoint: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

/** A folder is not a run, already is one, or belongs to another process at the moment. */
export class RunDirectoryError extends Error {
  override readonly name = "RunDirectoryError";
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
        "(--set schedule.warmupShare=...) or clipped gradients (--set optimizer.clipNorm=1; for iBOT, " +
        "a smaller methodOptions.parameterClipNorm)",
    );
  }
}
