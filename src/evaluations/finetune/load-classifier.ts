// A fine-tuned classifier in memory, for programs that classify images as they come: from files or from bytes, in one call.

import type { ImageFile } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { createClassScores } from "../../heads/class-scores.js";
import { readClassifier } from "../../training/fine-tuned.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { imageRows, isOne } from "../image-rows.js";
import { type ClassProbability, rankClasses } from "./classify.js";

/** How a classifier is loaded. Everything may be left out. */
export interface LoadClassifierOptions {
  /** Of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
  /** Where it computes; the CPU by default. */
  readonly device?: string;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/** A classifier that is ready for images. */
export interface LoadedClassifier {
  /** Names, in the order of the classifier's outputs. */
  readonly classes: readonly string[];
  /** Which it is, such as "runs/flowers, step 1000". */
  readonly origin: string;
  /** All classes of an image with their probabilities, the likeliest first. Throws UnreadableImageError. */
  classify(image: ImageFile): Promise<ClassProbability[]>;
  /** Those of several images, in their order, computed in batches. */
  classify(images: readonly ImageFile[]): Promise<ClassProbability[][]>;
}

/**
 * Loads the classifier of a run of fine-tuning, or of one of its checkpoints, and compiles it. Throws
 * RunDirectoryError, CheckpointError, StorageError.
 */
export async function loadClassifier(path: string, options: LoadClassifierOptions = {}): Promise<LoadedClassifier> {
  const { warn, ...engine } = options;
  const { shape, classes, model, weights, origin } = await readClassifier(path, warn);
  const { normalization } = model;
  const { batch, run } = await createClassScores({ shape, normalization, weights }, openEngine(engine));
  const rowsOf = imageRows({ batch, run: async (pixels) => (await run(pixels)).scores }, model);

  function classify(image: ImageFile): Promise<ClassProbability[]>;
  function classify(images: readonly ImageFile[]): Promise<ClassProbability[][]>;
  async function classify(given: ImageFile | readonly ImageFile[]): Promise<ClassProbability[] | ClassProbability[][]> {
    const ranked = (await rowsOf(isOne(given) ? [given] : given)).map((scores) => rankClasses(scores, classes));
    return isOne(given) ? ranked[0]! : ranked;
  }
  return { classes, origin, classify };
}
