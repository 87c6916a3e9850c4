// A fine-tuned classifier put to use: images to scores for classes.

import type { Engine } from "../engine/index.js";
import type { Normalization } from "../nn/pixels.js";
import { type ClassifierShape, classifier } from "./classifier.js";
import { createImageProgram, type ImageProgram } from "./image-program.js";
import type { Weights } from "./weights.js";

export interface FrozenClassifier {
  readonly shape: ClassifierShape;
  readonly normalization: Normalization;
  readonly weights: Weights;
}

/** Compiles a classifier; `scores` are [images, classes] before any softmax. Throws EngineError for wrong weights. */
export function createClassScores(
  { shape, normalization, weights }: FrozenClassifier,
  engine?: Engine,
): Promise<ImageProgram<"scores">> {
  return createImageProgram(
    {
      name: "classifier",
      shape: shape.encoder,
      normalization,
      weights,
      outputs: (scope, images) => ({ scores: classifier(scope, shape)(images) }),
    },
    engine,
  );
}
