// Labels for images, with probabilities, by a fine-tuned classifier.

import {
  findImagePaths,
  type OrderedReader,
  pathSource,
  type SkippedImage,
  TooManyUnreadableError,
} from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { createClassScores } from "../../heads/class-scores.js";
import type { EventOptions } from "../../training/events.js";
import { readClassifier } from "../../training/fine-tuned.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { ImageProgress } from "../image-progress.js";
import { openModelImages } from "../model-images.js";

/** Which images are classified by which classifier. */
export interface ClassifyRequest {
  /** A run of fine-tuning, or one of its checkpoints. */
  readonly classifier: string;
  /** Paths of image files, of folders of them, and glob patterns. */
  readonly images: readonly string[];
  /** How many classes are named for an image, at most; all by default. */
  readonly top?: number | undefined;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number | undefined;
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

/** Images that were classified together. */
export interface ClassifiedBatch {
  readonly images: readonly {
    readonly image: string;
    /** Of each class, in the order of `classes`. */
    readonly probabilities: readonly number[];
  }[];
  readonly skipped: readonly SkippedImage[];
}

/** Images that are about to be classified. */
export interface Classification {
  /** The classifier, such as "runs/flowers, step 1000". */
  readonly origin: string;
  readonly classes: readonly string[];
  /** The image files, in the order in which they are classified. */
  readonly paths: readonly string[];
  /** Whether the file was given by its own path, and not found in a folder or by a pattern. */
  isNamed(index: number): boolean;
  /** To be called once: decodes and classifies a batch at a time. Throws the reason of an aborted signal. */
  batches(): AsyncGenerator<ClassifiedBatch>;
}

/** All images at once. Throws as `openClassification` does. */
export async function classify(request: ClassifyRequest, options: EventOptions = {}): Promise<ClassifyResult> {
  const { origin, classes, batches } = await openClassification(request, options);
  const images: ClassifiedImage[] = [];
  const skipped: SkippedImage[] = [];
  for await (const batch of batches()) {
    for (const { image, probabilities } of batch.images) {
      images.push({ image, classes: likeliest(probabilities, classes, request.top) });
    }
    skipped.push(...batch.skipped);
  }
  return { origin, images, skipped };
}

/**
 * For as many images as there may be: only those of a few batches are in memory. Throws SourceError where there is
 * nothing at a path, RunDirectoryError, CheckpointError, StorageError.
 */
export async function openClassification(
  request: ClassifyRequest,
  options: EventOptions = {},
): Promise<Classification> {
  const { classifier, images, threads = 0, warn } = request;
  const progress = ImageProgress.of(options);
  const { paths, isNamed } = await progress.waiting.during("Listing images", (count) =>
    findImagePaths(images, {
      onListing: (files) => count(files),
      ...(progress.signal && { signal: progress.signal }),
    }),
  );
  const { shape, classes, model, weights, origin } = await progress.waiting.during("Reading the classifier", () =>
    readClassifier(classifier, warn),
  );
  const program = await progress.waiting.during("Compiling the classifier", () =>
    createClassScores({ shape, normalization: model.normalization, weights }, openEngine({ threads })),
  );

  async function* batches(): AsyncGenerator<ClassifiedBatch> {
    const source = pathSource(paths);
    const reader = await openModelImages(source, model, program, progress.signal);
    try {
      progress.begin("classified", source.count);
      let done = 0;
      for await (const { indices, pixels, skipped } of readable(reader)) {
        const { scores } = await program.run(pixels);
        for (const each of skipped) progress.skip(each);
        done += indices.length + skipped.length;
        progress.update(done);
        const classified = Array.from(indices, (index, row) => ({
          image: source.name(index),
          probabilities: softmax(scores.subarray(row * classes.length, (row + 1) * classes.length)),
        }));
        yield { images: classified, skipped };
      }
    } finally {
      progress.end();
      await reader.close();
    }
  }

  return { origin, classes, paths, isNamed, batches };
}

/** All batches of a reader, those in which nothing can be read included. */
async function* readable(reader: OrderedReader) {
  try {
    yield* reader.pass();
  } catch (error) {
    // Each of the images was named as it was skipped.
    if (!(error instanceof TooManyUnreadableError)) throw error;
  }
}

/** The classes of the highest probabilities, the likeliest first. */
export function likeliest(
  probabilities: readonly number[],
  classes: readonly string[],
  top: number = classes.length,
): ClassProbability[] {
  return classes
    .map((name, index) => ({ name, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

/** The probabilities that scores stand for, the likeliest first. */
export function rankClasses(scores: Float32Array, classes: readonly string[]): ClassProbability[] {
  return likeliest(softmax(scores), classes);
}

function softmax(scores: Float32Array): number[] {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
