// A trained detector as a run's checkpoint holds it.

import { frozenDetector } from "../../heads/detection/detector.js";
import { meanPixel } from "../../nn/pixels.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { readDenseCheckpoint, weightsIn } from "../dense-model.js";
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
  const kind = { task: "detect", noun: "detector", parse: parseDetectConfig };
  const { checkpoint, config, origin } = await readDenseCheckpoint(path, kind, warn);
  const { classes: categories, images, model, run, testing } = config;
  const { normalization, background } = model;
  const shape = detectorShapeOf(config);
  const weights = weightsIn(
    checkpoint,
    shape.encoder,
    () => frozenDetector(shape, normalization, { images: 1, regions: 1, masks: 1 }).parameters,
  );
  return {
    ...{ shape, categories, images, weights, testing, normalization, background },
    ...{ fill: meanPixel(normalization), device: run.device, origin },
  };
}
