// A trained detector as a run's checkpoint holds it.

import { taskOf } from "../../config/config.js";
import { frozenDetector } from "../../heads/detection/detector.js";
import { meanPixel } from "../../nn/pixels.js";
import { readCheckpoint } from "../../training/checkpoint-file.js";
import type { Checkpoint } from "../../training/checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError, UnsuitableRunError } from "../../training/errors.js";
import { tensorOf } from "../../training/model-state.js";
import { openNewestCheckpoint, type Warn } from "../../training/newest-checkpoint.js";
import { isFolder, originOf } from "../../training/pretrained.js";
import { describeTrained, readConfigFile } from "../../training/run-config.js";
import { type DetectConfig, detectorShapeOf, parseDetectConfig } from "./config.js";
import type { FrozenDetectorModel } from "./detect-image.js";

/** A detector with all that is needed to use it. */
export interface DetectorModel extends FrozenDetectorModel {
  /** In the order of the labels that it predicts. */
  readonly categories: DetectConfig["classes"];
  /** The colour behind transparent pixels. */
  readonly background: DetectConfig["model"]["background"];
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
export async function readDetectorModel(path: string, warn?: Warn): Promise<DetectorModel> {
  if (!(await isFolder(path))) return modelIn(await readCheckpoint(path), path);
  const task = taskOf(readConfigFile(path));
  if (task !== "detect") {
    const what = task === "pretrain" ? "a pre-trained encoder" : describeTrained(task);
    throw new UnsuitableRunError(
      `${path} holds ${what}: expected a run of mixedae detect train. ` +
        `To make one: mixedae detect train --from ${path} --data FOLDER --out NEW`,
    );
  }
  return modelIn(await openNewestCheckpoint(path, warn), path);
}

function modelIn(checkpoint: Checkpoint, path: string): DetectorModel {
  const config = configOf(checkpoint, path);
  const shape = detectorShapeOf(config);
  // First a tensor of the last block, so that an absurd description costs no memory.
  tensorOf(checkpoint, `blocks.${shape.encoder.depth - 1}.norm1.weight`, [shape.encoder.width]);
  const { classes: categories, images, model, run, testing } = config;
  const { parameters } = frozenDetector(shape, model.normalization, { images: 1, regions: 1, masks: 1 });
  const weights = new Map(
    parameters.map(({ name, tensor }) => [
      name,
      { shape: tensor.shape, data: tensorOf(checkpoint, name, tensor.shape) },
    ]),
  );
  return {
    ...{ shape, categories, images, weights, testing },
    ...{ normalization: model.normalization, background: model.background, fill: meanPixel(model.normalization) },
    ...{ device: run.device, origin: originOf(checkpoint, path) },
  };
}

function configOf({ path, metadata }: Checkpoint, origin: string): DetectConfig {
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "null");
  } catch (error) {
    throw new CheckpointError(path, `its configuration is not valid JSON: ${(error as Error).message}`);
  }
  if (taskOf(values) === "detect") return parseDetectConfig(values, `${path}, config`);
  throw new UnsuitableCheckpointError(origin, "it holds no detector");
}
