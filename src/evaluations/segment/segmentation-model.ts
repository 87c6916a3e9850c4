// A trained segmentation model as a run's checkpoint holds it.

import { input } from "../../graph/index.js";
import { frozenSegmenter } from "../../heads/segmenter.js";
import { ParameterScope } from "../../nn/parameters.js";
import { channelsOf } from "../../nn/presets.js";
import type { Color } from "../../pictures/canvas.js";
import { classColors } from "../../pictures/class-colors.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { readDenseCheckpoint, weightsIn } from "../dense-model.js";
import { parseSegmentConfig, type SegmentConfig, segmenterShapeOf } from "./config.js";
import type { FrozenSegmenter } from "./segment-image.js";

/** A segmentation model with all that is needed to use it. */
export interface SegmentationModel extends FrozenSegmenter {
  /** In the order of the labels that it predicts. */
  readonly classes: readonly string[];
  /** Of the classes, in pictures. */
  readonly colors: readonly Color[];
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
  const kind = { task: "segment", noun: "segmentation model", parse: parseSegmentConfig };
  const { checkpoint, config, origin } = await readDenseCheckpoint(path, kind, warn);
  const { classes, colors = classColors(classes), images, model, run } = config;
  const { normalization, background } = model;
  const shape = segmenterShapeOf(config);
  const { encoder, imageSize } = shape;
  const weights = weightsIn(checkpoint, encoder, () => {
    const scope = new ParameterScope();
    frozenSegmenter(scope, shape)(input("images", [1, imageSize, imageSize, channelsOf(encoder)]));
    return scope.parameters;
  });
  return { shape, classes, colors, images, weights, normalization, background, device: run.device, origin };
}
