// A trained segmentation model as a run's checkpoint holds it.

import { taskOf } from "../../config/config.js";
import { input } from "../../graph/index.js";
import { frozenSegmenter } from "../../heads/segmenter.js";
import { ParameterScope } from "../../nn/parameters.js";
import { channelsOf } from "../../nn/presets.js";
import { readCheckpoint } from "../../training/checkpoint-file.js";
import type { Checkpoint } from "../../training/checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError, UnsuitableRunError } from "../../training/errors.js";
import { tensorOf } from "../../training/model-state.js";
import { openNewestCheckpoint, type Warn } from "../../training/newest-checkpoint.js";
import { isFolder, originOf } from "../../training/pretrained.js";
import { describeTrained, readConfigFile } from "../../training/run-config.js";
import { parseSegmentConfig, type SegmentConfig, segmenterShapeOf } from "./config.js";
import type { FrozenSegmenter } from "./segment-image.js";

/** A segmentation model with all that is needed to use it. */
export interface SegmentationModel extends FrozenSegmenter {
  /** In the order of the labels that it predicts. */
  readonly classes: readonly string[];
  /** The colour behind transparent pixels. */
  readonly background: SegmentConfig["model"]["background"];
  /** The set that it learnt from. */
  readonly images: string;
  /** Where its run computed. */
  readonly device: string;
  /** For messages, such as "runs/scenes, step 1000". */
  readonly origin: string;
}

/**
 * Reads a run's newest intact checkpoint, or one checkpoint file. `warn` is told where a newer one is damaged. Throws
 * RunDirectoryError, CheckpointError, ConfigError.
 */
export async function readSegmentationModel(path: string, warn?: Warn): Promise<SegmentationModel> {
  if (!(await isFolder(path))) return modelIn(await readCheckpoint(path), path);
  const task = taskOf(readConfigFile(path));
  if (task !== "segment") {
    const what = task === "pretrain" ? "a pre-trained encoder" : describeTrained(task);
    throw new UnsuitableRunError(
      `${path} holds ${what}: expected a run of mixedae segment train. ` +
        `To make one: mixedae segment train --from ${path} --data FOLDER --out NEW`,
    );
  }
  return modelIn(await openNewestCheckpoint(path, warn), path);
}

function modelIn(checkpoint: Checkpoint, path: string): SegmentationModel {
  const config = configOf(checkpoint, path);
  const shape = segmenterShapeOf(config);
  const { encoder, imageSize } = shape;
  // First a tensor of the last block, so that an absurd description costs no memory.
  tensorOf(checkpoint, `blocks.${encoder.depth - 1}.norm1.weight`, [encoder.width]);
  const scope = new ParameterScope();
  frozenSegmenter(scope, shape)(input("images", [1, imageSize, imageSize, channelsOf(encoder)]));
  const weights = new Map(
    scope.parameters.map(({ name, tensor }) => [
      name,
      { shape: tensor.shape, data: tensorOf(checkpoint, name, tensor.shape) },
    ]),
  );
  const { classes, images, model, run } = config;
  return {
    ...{ shape, classes, images, weights },
    ...{ normalization: model.normalization, background: model.background },
    ...{ device: run.device, origin: originOf(checkpoint, path) },
  };
}

function configOf({ path, metadata }: Checkpoint, origin: string): SegmentConfig {
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "null");
  } catch (error) {
    throw new CheckpointError(path, `its configuration is not valid JSON: ${(error as Error).message}`);
  }
  if (taskOf(values) === "segment") return parseSegmentConfig(values, `${path}, config`);
  throw new UnsuitableCheckpointError(origin, "it holds no segmentation model");
}
