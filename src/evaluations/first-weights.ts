// The weights that a training with labels begins with: the encoder's as they were learnt, and new ones for what is put on it.

import type { Parameter } from "../nn/parameters.js";
import { initialValues } from "../optim/initial-values.js";
import type { Training } from "../optim/training.js";
import type { PretrainedModel } from "../training/pretrained.js";

/** Writes them. New ones are drawn from the seed. */
export async function writeFirstWeights(
  { values }: Training,
  parameters: readonly Parameter[],
  { tensors }: Pick<PretrainedModel, "tensors">,
  seed: number,
): Promise<void> {
  for (const parameter of parameters) {
    const learnt = tensors.get(parameter.name)?.data;
    await values[parameter.name]!.write(learnt ?? initialValues(parameter, seed));
  }
}
