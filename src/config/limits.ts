// The largest numbers that a run takes, whatever it trains: what is beyond is a slip, not a wish.

export const runLimits = {
  /** Of a batch, as of the batches that data/ prepares. */
  batchSize: 1_000_000,
  /** Bytes of one batch of images: what one array can hold. */
  batchBytes: 2 ** 32,
  steps: 1_000_000_000,
  epochs: 1_000_000,
  learningRate: 1000,
  weightDecay: 100,
  /** Images of an evaluation. */
  images: 10_000_000,
  /** Threads of the engine on the largest machine; how many make sense on this one is checked when a run starts. */
  threads: 4096,
  /** Threads that decode images, as of the batches that data/ prepares. */
  workers: 64,
  memoryBudgetMiB: 2 ** 24,
} as const;
