// What several processes that work together need of each other: who they are, sums, and the same values everywhere.

/** Values that can be added up over processes. */
export type Summable = Float32Array | Float64Array;

/** How values travel. */
export interface SumOptions {
  /**
   * As bfloat16, half the bytes: each process' values are rounded to 8 significant bits before they are added, and the sum
   * once more. For float32 alone.
   */
  readonly asBfloat16?: boolean;
}

/**
 * Processes that run the same program and meet at the same calls, in the same order: each call resolves once all of them
 * have made it. Where one of them fails, its `close(error)` makes the call at which the others wait reject with a
 * PeerError, so that all end together.
 */
export interface Communicator {
  /** Which of the processes this is, from 0. The first one writes what all of them compute. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** How many of them run on this machine and share its memory. */
  readonly onMachine: number;
  /** Adds up the values of all processes, in place: all get the same sums. */
  sum(values: Summable, options?: SumOptions): Promise<void>;
  /** Replaces the values, in place, by those of the first process. */
  broadcast(values: Float32Array | Uint8Array): Promise<void>;
  /** What each process gave, in the order of their ranks; lengths may differ. */
  gather(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  /**
   * The last call: resolves when all processes have come to their end. With an error, tells the others that this one has
   * failed. Never rejects: returns the error of another process that this one did not know of yet.
   */
  close(error?: Error): Promise<Error | undefined>;
}

/** One process: what it has is what all have. */
export const oneProcess: Communicator = {
  rank: 0,
  size: 1,
  onMachine: 1,
  sum: async () => {},
  broadcast: async () => {},
  gather: async (bytes) => [bytes],
  close: async () => undefined,
};
