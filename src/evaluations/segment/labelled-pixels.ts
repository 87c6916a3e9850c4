// How many pixels of a batch have a label, where several processes have a share of it each: the loss is a mean over all.

import type { Arrays } from "../../engine/index.js";
import { IGNORED } from "../../heads/segmentation-metrics.js";
import type { Communicator } from "../../processes/communicator.js";

export class LabelledPixels {
  readonly #communicator: Communicator;
  readonly #batchSize: number;
  readonly #value = new Float32Array(1).fill(1);
  #share = 1;

  constructor(communicator: Communicator, batchSize: number) {
    this.#communicator = communicator;
    this.#batchSize = batchSize;
  }

  get isDivided(): boolean {
    return this.#communicator.size > 1;
  }

  /** The input of a program for micro-batches of so many images. */
  inputs(microBatch: number): Arrays {
    this.#share = microBatch / this.#batchSize;
    return { labelled: this.#value };
  }

  /**
   * Counts those of a batch. A micro-batch's loss counts by its images in the sum over processes, and so is divided by that
   * share of all labelled pixels: together, each pixel counts alike.
   */
  async count({ labels }: Arrays): Promise<void> {
    if (!this.isDivided) return;
    const counted = Float64Array.of((labels as Uint8Array).reduce((sum, label) => sum + Number(label !== IGNORED), 0));
    await this.#communicator.sum(counted);
    this.#value[0] = Math.max(1, counted[0]!) * this.#share;
  }
}
