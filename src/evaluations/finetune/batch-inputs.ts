// What a step of fine-tuning is given beside the images: targets, how images are mixed, and which branches are dropped.

import type { Batch } from "../../data/index.js";
import type { Arrays } from "../../engine/index.js";
import { drawMixture, ownShares, softTargets } from "../../heads/soft-labels.js";
import { drawBranchScales } from "../../nn/drop-path.js";
import { randomStream, stepsBefore } from "../../random/index.js";
import type { LabelledSet } from "../labelled-sets.js";
import type { FinetuneConfig } from "./config.js";

/**
 * A function of batches whose indices count the images of `set` that are learnt from. All that it draws depends on the
 * seed and the step alone. A batch is mixed with itself in reverse, as timm and MAE do; a process' share of it has both
 * images of every such pair.
 */
export function batchInputs(config: FinetuneConfig, { indices, labelOf }: LabelledSet): (batch: Batch) => Arrays {
  const { seed, classes, regularization, model } = config;
  const { imageSize, depth } = model.shape;
  const { labelSmoothing, dropPath } = regularization;

  return ({ step, places, indices: shown, pixels }) => {
    const labels = shown.map((place) => labelOf(indices[place]!));
    const done = stepsBefore(step);
    const mixture = drawMixture(randomStream(seed, "mixture", 0, done), regularization, imageSize);
    const partners = labels.slice().reverse();
    const targets = softTargets(labels, partners, mixture?.share ?? 1, classes.length, labelSmoothing);
    return {
      images: pixels,
      targets,
      ...(mixture && {
        partners: reversed(pixels, labels.length),
        shares: repeated(ownShares(mixture, imageSize), labels.length),
      }),
      ...(dropPath > 0 && { branchScales: branchScales(places, done, seed, depth, dropPath) }),
    };
  };
}

function reversed(pixels: Uint8Array, images: number): Uint8Array {
  const size = pixels.length / images;
  const result = new Uint8Array(pixels.length);
  for (let image = 0; image < images; image++) {
    result.set(pixels.subarray(image * size, (image + 1) * size), (images - 1 - image) * size);
  }
  return result;
}

function repeated(values: Float32Array, times: number): Float32Array {
  const result = new Float32Array(values.length * times);
  for (let time = 0; time < times; time++) result.set(values, time * values.length);
  return result;
}

/** [images, depth, 2] of the images at these places of the batch, after so many steps. */
function branchScales(places: Int32Array, done: number, seed: number, depth: number, rate: number): Float32Array {
  const result = new Float32Array(places.length * depth * 2);
  for (const [image, place] of places.entries()) {
    const stream = randomStream(seed, "drop path", done, place);
    result.set(drawBranchScales(stream, depth, rate), image * depth * 2);
  }
  return result;
}
