// Labels for images, with probabilities, by a fine-tuned classifier.

import { readImages, type SkippedImage } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { createClassScores } from "../../heads/class-scores.js";
import { channelsOf } from "../../nn/presets.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { loadClassifier } from "./classifier-file.js";

/** Which images are classified by which classifier. */
export interface ClassifyRequest {
  /** A run of fine-tuning, or one of its checkpoints. */
  readonly classifier: string;
  /** Paths of image files. */
  readonly images: readonly string[];
  /** How many classes are named for an image, at most. */
  readonly top: number;
  readonly threads: number;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/** The likeliest classes of an image. */
export interface ClassifiedImage {
  readonly image: string;
  /** The likeliest first; over all classes the probabilities add up to 1. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

/** What was classified and by what; images that could not be read are in `skipped`. */
export interface ClassifyResult {
  readonly origin: string;
  readonly images: readonly ClassifiedImage[];
  readonly skipped: readonly SkippedImage[];
}

/** Throws RunDirectoryError, CheckpointError, StorageError. */
export async function classify(request: ClassifyRequest): Promise<ClassifyResult> {
  const { classifier, images, top, threads, warn } = request;
  const { shape, classes, model, weights, origin } = await loadClassifier(classifier, warn);
  const program = await createClassScores(
    { shape, normalization: model.normalization, weights },
    openEngine({ threads }),
  );
  const { imageSize, patchSize } = model.shape;
  const results: ClassifiedImage[] = [];
  const skipped: SkippedImage[] = [];
  for (let first = 0; first < images.length; first += program.batch) {
    const read = await readImages(images.slice(first, first + program.batch), {
      imageSize,
      channels: channelsOf(model.shape),
      minimumSize: patchSize,
      background: model.background,
      onSkip: (each) => skipped.push(each),
    });
    const { scores } = await program.run(Buffer.concat(read.map(({ pixels }) => pixels)));
    for (const [row, { name }] of read.entries()) {
      const own = scores.subarray(row * classes.length, (row + 1) * classes.length);
      results.push({ image: name, classes: likeliest(softmax(own), classes, top) });
    }
  }
  return { origin, images: results, skipped };
}

function likeliest(probabilities: readonly number[], classes: readonly string[], top: number) {
  return classes
    .map((name, index) => ({ name, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

function softmax(scores: Float32Array): number[] {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
