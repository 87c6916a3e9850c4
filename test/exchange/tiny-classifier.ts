// A run of fine-tuning with a tiny classifier of random weights, as mixedae finetune leaves it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { classifier } from "#src/heads/classifier.js";
import type { Pooling } from "#src/heads/features.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { randomStream } from "#src/random/index.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import type { WeightTensor } from "#src/training/pretrained.js";

export const classifierModel = {
  shape: { imageSize: 8, patchSize: 4, width: 12, depth: 2, heads: 3, mlpRatio: 2 },
  normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] },
  background: [255, 255, 255],
} as const;

/** In another order than the alphabet's: outputs must not be sorted. */
export const classNames = ["zebra", "Äpfel & Birnen", "cat", "<none>"];

/** Writes the run and returns its weights. */
export async function writeTinyClassifier(
  folder: string,
  pooling: Pooling,
): Promise<ReadonlyMap<string, WeightTensor>> {
  const scope = new ParameterScope();
  classifier(scope, { encoder: classifierModel.shape, classes: classNames.length, pooling });
  const weights = new Map(
    scope.parameters.map(({ name, tensor, initialize }) => {
      const stream = randomStream(4, name, 0, 0);
      const strength = name.startsWith("head.") ? 1 : 0.1;
      const data = initialize(tensor.shape, stream).map((value) => value + strength * stream.normal());
      return [name, { shape: tensor.shape, data }] as const;
    }),
  );
  const config = { task: "finetune", classes: classNames, model: classifierModel, pooling, run: { device: "cpu" } };
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const tensors = [...weights].map(([name, { shape, data }]) => ({ name, dtype: "F32" as const, shape, data }));
  const metadata = { config: JSON.stringify(config) };
  await writeCheckpoint(join(folder, "checkpoints/step-00000007.safetensors"), { step: 7, tensors, metadata });
  return weights;
}
