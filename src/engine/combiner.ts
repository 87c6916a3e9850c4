// Where the processes of one training become one: after each has its gradients, before any moves its parameters.
import type { DeviceArrays } from "./engine.js";

/** Makes one batch of what several processes computed. */
export interface Combiner {
  /**
   * Called once a step, with what this process computed: the sum of its micro-batches' gradients, and the means of its
   * metrics, the loss among them. Replaces both, in place, by those of the whole batch.
   */
  combine(gradients: DeviceArrays<unknown>, metrics: Readonly<Record<string, Float64Array>>): Promise<void>;
}

/** One process: what it computed is the whole batch. */
export const alone: Combiner = { combine: async () => {} };
