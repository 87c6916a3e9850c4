// What goes wrong between processes.

/** Processes that cannot work together as they were started, or as the request divides the work. */
export class ProcessesError extends Error {
  override readonly name: string = "ProcessesError";
  /** Whether it is the request that has to change. */
  readonly isMisuse: boolean;

  constructor({ expected, found, remedy }: { expected: string; found: string; remedy: string }, isMisuse = false) {
    super(`Expected ${expected}; found ${found}. ${remedy}`);
    this.isMisuse = isMisuse;
  }
}

/** An error of another process, which this one ends for too. */
export class PeerError extends Error {
  override readonly name = "PeerError";

  constructor(
    /** Of the process that failed. */
    readonly rank: number,
    /** The name of the error's class. */
    readonly kind: string,
    message: string,
    /** The error as it was, with where it came from. */
    readonly trace: string,
    /** Whether it says so of itself that the request has to change; undefined where it is of no such kind. */
    readonly isMisuse: boolean | undefined,
  ) {
    super(`process ${rank}: ${message}`);
  }

  /** What a process is told of another's error. */
  static encode(error: Error): Uint8Array {
    const { name, message, stack } = error;
    const isMisuse = "isMisuse" in error ? error.isMisuse === true : undefined;
    return Buffer.from(JSON.stringify({ name, message, stack, isMisuse }));
  }

  /** The error of process `rank`, as `encode` wrote it. */
  static decode(rank: number, bytes: Uint8Array): PeerError {
    const { name, message, stack, isMisuse } = JSON.parse(Buffer.from(bytes).toString()) as Pick<
      Error,
      "name" | "message" | "stack"
    > & { isMisuse?: boolean };
    return new PeerError(rank, name, message, stack ?? message, isMisuse);
  }
}
