// Learning with iBOT: crops and masks for each batch; the teacher and the centres are part of every checkpoint.

import type { IbotConfig } from "../config/config.js";
import type { Batch } from "../data/index.js";
import type { Arrays } from "../engine/index.js";
import { drawIbotInputs } from "../methods/ibot/draws.js";
import { viewName } from "../methods/ibot/task.js";
import { createIbotTraining } from "../methods/ibot/training.js";
import type { Learner, RunLength } from "./learner.js";
import { initialValues, pretextOf } from "./model.js";
import { positionTensor, restoreState, stateTensors, tensorOf } from "./model-state.js";
import { LOCAL } from "./views.js";

/** Before the names of the centres in a checkpoint: they are part of how a run goes on, not of a model. */
const CENTRE = "optimizer.";

export async function createIbotLearner(config: IbotConfig, length: RunLength): Promise<Learner> {
  const { model, methodOptions: options, data, seed } = config;
  const { batchSize, microBatch } = config.schedule;
  const { device, threads } = config.run;
  const { betas, epsilon, weightDecay } = config.optimizer;
  const ibot = await createIbotTraining({
    shape: model,
    options,
    normalization: data,
    microBatch,
    microBatches: batchSize / microBatch,
    ...length,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    engine: { device, threads },
  });
  const { student, teacher, centres } = ibot;
  for (const parameter of pretextOf(config, microBatch).parameters) {
    student.values[parameter.name]!.set(initialValues(parameter, seed));
  }
  ibot.startTeacher();
  const centreShape = [options.prototypes];

  return {
    training: student,
    encoder: teacher.values,
    inputsOf(batch) {
      const firstImage = (batch.step - batch.epoch * length.stepsPerEpoch) * batchSize;
      const draws = drawIbotInputs(model, options, batchSize, { seed, epoch: batch.epoch, firstImage });
      return { ...cropsOf(batch), ...draws };
    },
    step: ibot.step,
    tensors: () => [
      ...stateTensors(student),
      positionTensor("pos_embed", model.width, model),
      ...Object.entries(centres).map(
        ([name, data]) => ({ name: CENTRE + name, dtype: "F32", shape: centreShape, data }) as const,
      ),
    ],
    restore(checkpoint) {
      restoreState(student, checkpoint);
      for (const [name, data] of Object.entries(centres)) data.set(tensorOf(checkpoint, CENTRE + name, centreShape));
    },
  };
}

/** The crops of a batch by the names that the program has for them. */
function cropsOf({ views }: Batch): Arrays {
  const crops = views.flatMap(({ name, count, pixels }) => {
    const bytes = pixels.length / count;
    const of = (copy: number) => pixels.subarray(copy * bytes, (copy + 1) * bytes);
    if (name !== LOCAL) return [[name, pixels] as const];
    return Array.from({ length: count }, (_, copy) => [viewName("local", copy), of(copy)] as const);
  });
  return Object.fromEntries(crops);
}
