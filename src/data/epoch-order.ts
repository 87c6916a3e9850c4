// Which images belong to which step of a run: every epoch is a permutation drawn from (seed, epoch).

import { randomStream, stepsBefore } from "../random/index.js";

/** Random access to the order of images; the last, smaller batch of an epoch is left out. */
export class EpochOrder {
  readonly stepsPerEpoch: number;
  #epoch = -1;
  #permutation: Int32Array = new Int32Array(0);

  constructor(
    readonly count: number,
    readonly batchSize: number,
    readonly seed: number,
  ) {
    this.stepsPerEpoch = Math.floor(count / batchSize);
  }

  /**
   * Where a step of the run, numbered from 1, stands: its epoch, counted from 0, the number of its first image within that,
   * and the indices of its images in order.
   */
  at(step: number): { epoch: number; firstImage: number; indices: Int32Array } {
    const done = stepsBefore(step);
    const epoch = Math.floor(done / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#permutation = randomStream(this.seed, "order", epoch, 0).permutation(this.count);
      this.#epoch = epoch;
    }
    const firstImage = (done % this.stepsPerEpoch) * this.batchSize;
    return { epoch, firstImage, indices: this.#permutation.slice(firstImage, firstImage + this.batchSize) };
  }
}
