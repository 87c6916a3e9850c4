// Running statistics of batch normalisation: what batches told, averaged over the steps of a training.

import type { Shape } from "../graph/index.js";
import type { StepResult } from "../optim/training.js";

/** PyTorch's: each batch counts for a tenth. */
const MOMENTUM = 0.1;

/** Means start at 0, variances at 1; they are by name what frozen normalisations are given. */
export class RunningStatistics {
  readonly values: ReadonlyMap<string, Float32Array>;

  /** `statistics`: the names and shapes [channels] of those of a model in training. */
  constructor(statistics: ReadonlyMap<string, { readonly shape: Shape }>) {
    this.values = new Map(
      [...statistics].map(([name, { shape }]) => [name, new Float32Array(shape[0]!).fill(isVariance(name) ? 1 : 0)]),
    );
  }

  /** Moves towards the statistics among the metrics of a step that updated the model; returns the other metrics. */
  take({ metrics, ...result }: StepResult): StepResult {
    const others: Record<string, number | readonly number[]> = {};
    for (const [name, value] of Object.entries(metrics)) {
      const running = this.values.get(name);
      if (running === undefined) others[name] = value;
      else if (result.updated) {
        for (const [channel, mean] of (value as readonly number[]).entries()) {
          running[channel]! += MOMENTUM * (mean - running[channel]!);
        }
      }
    }
    return { ...result, metrics: others };
  }
}

function isVariance(name: string): boolean {
  return name.endsWith("running_var");
}
