// A fine-tuned classifier as a run's checkpoint holds it: an encoder, its head, and the names of the classes.

import { z } from "zod";
import { taskOf } from "../config/config.js";
import { type ClassifierShape, classifier } from "../heads/classifier.js";
import { type Pooling, poolings } from "../heads/features.js";
import { ParameterScope } from "../nn/parameters.js";
import { readCheckpoint } from "./checkpoint-file.js";
import type { Checkpoint } from "./checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError, UnsuitableRunError } from "./errors.js";
import { fitsChannels, type ModelDescription, modelDescriptionSchema, oneOfEachChannel } from "./model-description.js";
import { tensorOf } from "./model-state.js";
import { openNewestCheckpoint, type Warn } from "./newest-checkpoint.js";
import {
  isFolder,
  loadPretrained,
  originOf,
  type PretrainedModel,
  type PretrainedOptions,
  pretrainedFrom,
  type WeightTensor,
} from "./pretrained.js";
import { describeTrained, readConfigFile } from "./run-config.js";

/** What the configuration of a fine-tuning says about its classifier. */
export const classifierFacts = {
  task: z.literal("finetune"),
  /** In the order of the scores. */
  classes: z.array(z.string()).min(1).max(100_000),
  model: modelDescriptionSchema.omit({ decoder: true }).refine(fitsChannels, oneOfEachChannel),
};

const recordedSchema = z.looseObject({
  ...classifierFacts,
  pooling: z.enum(poolings),
  run: z.looseObject({ device: z.string() }),
});

/** A classifier with all that is needed to use it. */
export interface FineTunedClassifier {
  readonly shape: ClassifierShape;
  /** Names, in the order of the scores. */
  readonly classes: readonly string[];
  readonly model: Omit<ModelDescription, "decoder">;
  /** Under timm's names: the encoder, `fc_norm` where the mean is pooled, and `head`. */
  readonly weights: ReadonlyMap<string, WeightTensor>;
  /** Where its run computed. */
  readonly device: string;
  /** For messages, such as "runs/flowers, step 1000". */
  readonly origin: string;
}

/** The classifier that a configuration describes. */
export function classifierShapeOf(config: {
  readonly model: Omit<ModelDescription, "decoder">;
  readonly classes: readonly string[];
  readonly pooling: Pooling;
}): ClassifierShape {
  return { encoder: config.model.shape, classes: config.classes.length, pooling: config.pooling };
}

/**
 * Reads a fine-tuning's newest intact checkpoint, or one checkpoint file. `warn` is told where a newer one is damaged.
 * Throws RunDirectoryError, CheckpointError.
 */
export async function readClassifier(path: string, warn?: Warn): Promise<FineTunedClassifier> {
  if (!(await isFolder(path))) {
    const classifier = classifierIn(await readCheckpoint(path), path);
    if (classifier !== undefined) return classifier;
    throw new UnsuitableCheckpointError(path, "it holds no fine-tuned classifier");
  }
  const task = taskOf(readConfigFile(path));
  if (task === "pretrain") {
    throw new UnsuitableRunError(
      `${path} holds a pre-trained encoder: expected a run of mixedae finetune. ` +
        `To make one: mixedae finetune --from ${path} --train IMAGES --test IMAGES --out NEW`,
    );
  }
  if (task !== "finetune") {
    throw new UnsuitableRunError(`${path} holds ${describeTrained(task)}: expected a run of mixedae finetune`);
  }
  return classifierIn(await openNewestCheckpoint(path, warn), path)!;
}

/** What a run or a checkpoint turned out to hold. */
export type TrainedModel =
  | { readonly kind: "pretrained"; readonly model: PretrainedModel }
  | { readonly kind: "classifier"; readonly classifier: FineTunedClassifier };

/** Either. Throws RunDirectoryError, CheckpointError, ConfigError, StorageError. */
export async function loadTrained(path: string, options: PretrainedOptions = {}): Promise<TrainedModel> {
  if (await isFolder(path)) {
    if (taskOf(readConfigFile(path)) !== "finetune") {
      return { kind: "pretrained", model: await loadPretrained(path, options) };
    }
    return asClassifier(await readClassifier(path, options.warn), path, options);
  }
  const checkpoint = await readCheckpoint(path);
  const classifier = classifierIn(checkpoint, path);
  if (classifier !== undefined) return asClassifier(classifier, path, options);
  return { kind: "pretrained", model: pretrainedFrom(checkpoint, originOf(checkpoint, path), options) };
}

function asClassifier(classifier: FineTunedClassifier, path: string, { student }: PretrainedOptions): TrainedModel {
  if (student) {
    throw new UnsuitableCheckpointError(path, "it holds a fine-tuned classifier, no student beside a teacher");
  }
  return { kind: "classifier", classifier };
}

function classifierIn(checkpoint: Checkpoint, path: string): FineTunedClassifier | undefined {
  const config = configOf(checkpoint);
  if (config === undefined) return undefined;
  const { classes, model, run } = config;
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
  return { shape, classes, model, weights, device: run.device, origin: originOf(checkpoint, path) };
}

function configOf({ path, metadata }: Checkpoint): z.infer<typeof recordedSchema> | undefined {
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "null");
  } catch (error) {
    throw new CheckpointError(path, `its configuration is not valid JSON: ${(error as Error).message}`);
  }
  if (taskOf(values) !== "finetune") return undefined;
  const parsed = recordedSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CheckpointError(path, `its configuration is not valid: ${issue!.path.join(".")}: ${issue!.message}`);
}
