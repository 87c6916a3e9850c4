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
    /** The places in a batch that are asked for, in order; all by default. */
    readonly places: Int32Array = Int32Array.from({ length: batchSize }, (_, place) => place),
  ) {
    this.stepsPerEpoch = Math.floor(count / batchSize);
  }

  /**
   * Where a step of the run, numbered from 1, stands: its epoch, counted from 0, and of the images at the places that are
   * asked for, the number of the first within that and the indices of all in order.
   */
  at(step: number): { epoch: number; firstImage: number; indices: Int32Array } {
    const done = stepsBefore(step);
    const epoch = Math.floor(done / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#permutation = randomStream(this.seed, "order", epoch, 0).permutation(this.count);
      this.#epoch = epoch;
    }
    const batch = (done % this.stepsPerEpoch) * this.batchSize;
    const indices = this.places.map((place) => this.#permutation[batch + place]!);
    return { epoch, firstImage: batch + this.places[0]!, indices };
  }
}
