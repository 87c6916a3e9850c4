// Where the processes of one training become one: after each has its gradients, before any moves its parameters.

import type { Communicator, SumOptions } from "../processes/communicator.js";
import type { BatchShare } from "../processes/share.js";
import type { DeviceArrays } from "./engine.js";

/** What a process computed of a batch. */
export interface Computed {
  /** The sum of its micro-batches' gradients. */
  readonly gradients: DeviceArrays<unknown>;
  /** The means of its metrics over its micro-batches, the loss among them. */
  readonly metrics: Readonly<Record<string, Float64Array>>;
  readonly microBatches: number;
}

/** Makes one batch of what several processes computed. */
export interface Combiner {
  /**
   * Called once a step. Replaces gradients and metrics, in place, by those of the whole batch; returns what the gradients
   * are to be multiplied by to be those of its mean loss.
   */
  combine(computed: Computed): Promise<number>;
}

/** One process: what it computed is the whole batch. */
export const alone: Combiner = { combine: async ({ microBatches }) => 1 / microBatches };

/** How gradients are added up. */
export interface CombinerOptions extends SumOptions {
  /** The images of the whole batch. */
  readonly batchSize: number;
}

/**
 * Adds up over processes what each computed of its share of a batch, so that every image counts alike. In main memory,
 * gradients are added where they lie, and the metrics travel in the same message, in the spare values behind them.
 */
export function combinerOver(communicator: Communicator, share: BatchShare, options: CombinerOptions): Combiner {
  const { batchSize, asBfloat16 = false } = options;
  if (communicator.size === 1) return alone;
  // A micro-batch's gradient is that of its mean: it counts by its images. Where all are as large, a factor is enough.
  const weight = share.microBatch / batchSize;
  const metricsWeight = share.places.length / batchSize;
  return {
    async combine({ gradients, metrics }) {
      const { memory, spare } = gradients;
      if (!share.isEven) await multiply(gradients, weight);
      if (memory !== null && spare !== null && !asBfloat16 && spare.length >= countOf(metrics)) {
        pack(metrics, spare, metricsWeight);
        await communicator.sum(memory);
        unpack(spare, metrics);
        spare.fill(0);
      } else {
        await sumSeparately(communicator, { gradients, metrics }, metricsWeight, { asBfloat16 });
      }
      return share.isEven ? weight : 1;
    },
  };
}

/** How many values the metrics of a step are. */
function countOf(metrics: Computed["metrics"]): number {
  return Object.values(metrics).reduce((sum, { length }) => sum + length, 0);
}

function pack(metrics: Computed["metrics"], into: Float32Array | Float64Array, weight: number): void {
  let place = 0;
  for (const values of Object.values(metrics)) for (const value of values) into[place++] = value * weight;
}

function unpack(from: Float32Array | Float64Array, metrics: Computed["metrics"]): void {
  let place = 0;
  for (const values of Object.values(metrics)) for (const index of values.keys()) values[index] = from[place++]!;
}

async function sumSeparately(
  communicator: Communicator,
  { gradients, metrics }: Pick<Computed, "gradients" | "metrics">,
  metricsWeight: number,
  options: SumOptions,
): Promise<void> {
  const packed = new Float64Array(countOf(metrics));
  pack(metrics, packed, metricsWeight);
  await communicator.sum(packed);
  unpack(packed, metrics);
  if (gradients.memory !== null) {
    await communicator.sum(gradients.memory, options);
    return;
  }
  for (const { name } of gradients.tensors) {
    const array = gradients.byName[name]!;
    const values = (await array.read()).slice();
    await communicator.sum(values, options);
    await array.write(values);
  }
}

async function multiply({ memory, tensors, byName }: DeviceArrays<unknown>, factor: number): Promise<void> {
  if (memory !== null) {
    for (let place = 0; place < memory.length; place++) memory[place]! *= factor;
    return;
  }
  for (const { name } of tensors)
    await byName[name]!.write((await byName[name]!.read()).map((value) => value * factor));
}
