// Learning with MAE, naive mixing or MixedAE: one random plan a batch, one loss.

import type { ReconstructingConfig } from "../config/config.js";
import { createTraining } from "../optim/training.js";
import { drawPlan } from "./batch-plan.js";
import type { Learner, RunLength } from "./learner.js";
import { initialValues, methodOf, pretextOf } from "./model.js";
import { positionTensor, restoreState, stateTensors } from "./model-state.js";

export async function createReconstructionLearner(
  config: ReconstructingConfig,
  { stepsPerEpoch }: Pick<RunLength, "stepsPerEpoch">,
): Promise<Learner> {
  const { model, seed } = config;
  const { batchSize, microBatch } = config.schedule;
  const { device, threads } = config.run;
  const { betas, epsilon, weightDecay, clipNorm } = config.optimizer;
  const method = methodOf(config);
  const { loss, metrics, parameters } = pretextOf(config, microBatch);
  const training = await createTraining({
    name: method.name,
    loss,
    metrics,
    parameters,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    microBatches: batchSize / microBatch,
    engine: { device, threads },
  });
  for (const parameter of parameters) training.values[parameter.name]!.set(initialValues(parameter, seed));
  const groups = batchSize / method.groupSize;

  return {
    training,
    encoder: training.values,
    inputsOf({ pixels, epoch, step }) {
      const firstGroup = (step - epoch * stepsPerEpoch) * groups;
      const plan = drawPlan(method, groups, { seed, stream: "plan", epoch, firstGroup });
      return { images: pixels, [method.planName]: plan };
    },
    step: (inputs, options) => training.step(inputs, { ...options, clipNorm }),
    tensors: () => [
      ...stateTensors(training),
      positionTensor("pos_embed", model.width, model),
      positionTensor("decoder_pos_embed", model.decoderWidth, model),
    ],
    restore: (checkpoint) => restoreState(training, checkpoint),
  };
}
