// Labels for images, with probabilities, by a fine-tuned classifier.

import { readImages, type SkippedImage } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { createClassScores } from "../../heads/class-scores.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { readClassifier } from "./classifier-file.js";

/** Which images are classified by which classifier. */
export interface ClassifyRequest {
  /** A run of fine-tuning, or one of its checkpoints. */
  readonly classifier: string;
  /** Paths of image files. */
  readonly images: readonly string[];
  /** How many classes are named for an image, at most; 3 by default. */
  readonly top?: number;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/** How likely an image is of a class; over all classes, the probabilities add up to 1. */
export interface ClassProbability {
  readonly name: string;
  readonly probability: number;
}

/** The likeliest classes of an image. */
export interface ClassifiedImage {
  readonly image: string;
  /** The likeliest first. */
  readonly classes: readonly ClassProbability[];
}

/** What was classified and by what; images that could not be read are in `skipped`. */
export interface ClassifyResult {
  readonly origin: string;
  readonly images: readonly ClassifiedImage[];
  readonly skipped: readonly SkippedImage[];
}

/** Throws RunDirectoryError, CheckpointError, StorageError. */
export async function classify(request: ClassifyRequest): Promise<ClassifyResult> {
  const { classifier, images, top = 3, threads, warn } = request;
  const { shape, classes, model, weights, origin } = await readClassifier(classifier, warn);
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
      minimumSize: patchSize,
      background: model.background,
      onSkip: (each) => skipped.push(each),
    });
    const { scores } = await program.run(Buffer.concat(read.map(({ pixels }) => pixels)));
    for (const [row, { name }] of read.entries()) {
      const own = scores.subarray(row * classes.length, (row + 1) * classes.length);
      results.push({ image: name, classes: rankClasses(own, classes).slice(0, top) });
    }
  }
  return { origin, images: results, skipped };
}

/** The probabilities that scores stand for, the likeliest first. */
export function rankClasses(scores: Float32Array, classes: readonly string[]): ClassProbability[] {
  const probabilities = softmax(scores);
  return classes
    .map((name, index) => ({ name, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability);
}

function softmax(scores: Float32Array): number[] {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
