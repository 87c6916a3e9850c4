// Features of the images of a labelled set, all in memory.

import type { FeatureExtractor, Features } from "../heads/features.js";
import type { PretrainedModel } from "../training/pretrained.js";
import type { ImageProgress } from "./image-progress.js";
import type { LabelledSet } from "./labelled-sets.js";
import type { ImageViews } from "./model-images.js";
import { rowsOfSet } from "./set-rows.js";

/** The features and classes of the images of a set. */
export interface SetFeatures {
  /** [images, width] for each pooling, without the images that could not be read. */
  readonly features: Features;
  readonly labels: Int32Array;
  /** Names of images that could not be read. */
  readonly skipped: readonly string[];
}

/** The features of a set by a pre-trained encoder; a study gives those that it has computed before. */
export type FeaturesOf = (
  set: LabelledSet,
  label: string,
  model: PretrainedModel,
  extractor: FeatureExtractor,
  progress: ImageProgress,
) => Promise<SetFeatures>;

/** Sees every image once, as evaluation does. */
export async function featuresOf(
  set: LabelledSet,
  label: string,
  views: ImageViews,
  { batch, extract }: FeatureExtractor,
  progress: ImageProgress,
): Promise<SetFeatures> {
  const { rows, ...others } = await rowsOfSet(set, label, views, { batch, run: extract }, progress);
  return { features: rows, ...others };
}
