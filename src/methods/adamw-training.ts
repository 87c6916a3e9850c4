// The training of a method that has nothing but parameters: AdamW on its loss.
import type { Combiner, Engine } from "../engine/index.js";
import { createTraining } from "../optim/training.js";
import type { MethodConfig, MethodTraining, Pretext } from "./method.js";

export async function adamwTraining(
  config: MethodConfig,
  pretext: Pretext,
  engine: Engine,
  combiner?: Combiner,
): Promise<MethodTraining> {
  const { batchSize, microBatch } = config.schedule;
  const { betas, epsilon, weightDecay, clipNorm } = config.optimizer;
  const training = await createTraining({
    name: config.method,
    ...pretext,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    recompute: config.run.recompute,
    engine,
    ...(combiner && { combiner }),
  });
  return {
    training,
    encoder: training.values,
    start: async () => {},
    step: (inputs, options) => training.step(inputs, { ...options, clipNorm }),
    state: {},
  };
}
