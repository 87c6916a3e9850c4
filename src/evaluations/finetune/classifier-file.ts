// A fine-tuned classifier as a run's checkpoint holds it.

import { stat } from "node:fs/promises";
import { isFinetuneConfig } from "../../config/config.js";
import { storageError } from "../../files/storage.js";
import { type ClassifierShape, classifier } from "../../heads/classifier.js";
import type { Weights } from "../../heads/weights.js";
import { ParameterScope } from "../../nn/parameters.js";
import { readCheckpoint } from "../../training/checkpoint-file.js";
import type { Checkpoint } from "../../training/checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError, UnsuitableRunError } from "../../training/errors.js";
import { tensorOf } from "../../training/model-state.js";
import { openNewestCheckpoint, type Warn } from "../../training/newest-checkpoint.js";
import { readConfigFile } from "../../training/run-config.js";
import { type FinetuneConfig, parseFinetuneConfig } from "./config.js";

export interface FineTunedClassifier {
  readonly shape: ClassifierShape;
  readonly classes: readonly string[];
  readonly model: FinetuneConfig["model"];
  readonly weights: Weights;
  /** For messages, such as "runs/flowers, step 1000". */
  readonly origin: string;
}

export function classifierShapeOf({ model, classes, pooling }: FinetuneConfig): ClassifierShape {
  return { encoder: model.shape, classes: classes.length, pooling };
}

/**
 * Reads a fine-tuning's newest intact checkpoint, or one checkpoint file. `warn` is told where a newer one is damaged.
 * Throws RunDirectoryError, CheckpointError.
 */
export async function readClassifier(path: string, warn?: Warn): Promise<FineTunedClassifier> {
  const checkpoint = await findCheckpoint(path, warn);
  const config = configOf(checkpoint);
  const shape = classifierShapeOf(config);
  // First a tensor of the last block, so that an absurd description costs no memory.
  tensorOf(checkpoint, `blocks.${shape.encoder.depth - 1}.norm1.weight`, [shape.encoder.width]);
  const scope = new ParameterScope();
  classifier(scope, shape);
  const weights = new Map(
    scope.parameters.map(({ name, tensor }) => [
      name,
      { shape: tensor.shape, data: tensorOf(checkpoint, name, tensor.shape) },
    ]),
  );
  const origin = `${path}, step ${checkpoint.step}`;
  return { shape, classes: config.classes, model: config.model, weights, origin };
}

async function findCheckpoint(path: string, warn: Warn | undefined): Promise<Checkpoint> {
  if (!(await isFolder(path))) return readCheckpoint(path);
  if (!isFinetuneConfig(readConfigFile(path))) {
    throw new UnsuitableRunError(
      `${path} holds a pre-trained encoder: expected a run of mixedae finetune. ` +
        `To make one: mixedae finetune --from ${path} --train IMAGES --test IMAGES --out NEW`,
    );
  }
  return openNewestCheckpoint(path, warn);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

function configOf({ path, metadata }: Checkpoint): FinetuneConfig {
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "null");
  } catch (error) {
    throw new CheckpointError(path, `its configuration is not valid JSON: ${(error as Error).message}`);
  }
  if (!isFinetuneConfig(values)) throw new UnsuitableCheckpointError(path, "it holds no fine-tuned classifier");
  return parseFinetuneConfig(values, `${path}, config`);
}
