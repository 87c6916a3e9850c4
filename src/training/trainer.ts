// A configuration's model in training.
import { createTraining, type Training } from "../optim/training.js";
import type { PretrainConfig } from "./config.js";
import { initialValues, methodOf, modelOf } from "./model.js";

/** Compiles the step program of a configuration and starts its weights. */
export async function createTrainer(config: PretrainConfig): Promise<Training> {
  const { batchSize, microBatch } = config.schedule;
  const { device, threads } = config.run;
  const { betas, epsilon, weightDecay } = config.optimizer;
  const method = methodOf(config);
  const { loss, metrics, parameters } = modelOf(config, method, microBatch);
  const training = await createTraining({
    name: method.name,
    loss,
    metrics,
    parameters,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    engine: { device, threads },
  });
  for (const parameter of parameters) training.values[parameter.name]!.set(initialValues(parameter, config.seed));
  return training;
}
