// Features of the images of a labelled set, all in memory.

import type { FeatureExtractor, Features } from "../tasks/features.js";
import type { PretrainedModel } from "../training/pretrained.js";
import type { ImageProgress } from "./image-progress.js";
import type { LabelledSet } from "./labelled-sets.js";
import { openModelImages } from "./model-images.js";

export interface SetFeatures {
  /** [images, width] for each pooling, without the images that could not be read. */
  readonly features: Features;
  readonly labels: Int32Array;
  /** Names of images that could not be read. */
  readonly skipped: readonly string[];
}

/** Sees every image once, as evaluation does. Unreadable ones are named by `progress` and left out. */
export async function featuresOf(
  set: LabelledSet,
  label: string,
  model: PretrainedModel,
  extractor: FeatureExtractor,
  progress: ImageProgress,
): Promise<SetFeatures> {
  const { indices, source, labelOf } = set;
  const { width } = model.shape;
  const reader = await openModelImages(source, model, extractor);
  const features = { mean: new Float32Array(indices.length * width), cls: new Float32Array(indices.length * width) };
  const labels = new Int32Array(indices.length);
  const skipped: string[] = [];
  let count = 0;
  try {
    progress.begin(label, indices.length);
    for await (const batch of reader.pass({ indices })) {
      for (const { name, reason } of batch.skipped) {
        progress.print(`Skipped ${name}: ${reason}`);
        skipped.push(name);
      }
      const found = await extractor.extract(batch.pixels);
      for (const pooling of ["mean", "cls"] as const) features[pooling].set(found[pooling], count * width);
      labels.set(batch.indices.map(labelOf), count);
      count += batch.indices.length;
      progress.update(count + skipped.length);
    }
  } finally {
    progress.end();
    await reader.close();
  }
  return {
    features: { mean: features.mean.subarray(0, count * width), cls: features.cls.subarray(0, count * width) },
    labels: labels.subarray(0, count),
    skipped,
  };
}
