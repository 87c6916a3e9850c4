// Segmentation of an image of any size: windows that overlap, their scores averaged, and a class for each pixel.

import { type ImageSize, renderRegion, type WholeImage } from "../../data/index.js";
import type { Engine } from "../../engine/index.js";
import { createImageProgram } from "../../heads/image-program.js";
import { frozenSegmenter, type SegmenterShape } from "../../heads/segmenter.js";
import type { Weights } from "../../heads/weights.js";
import type { Normalization } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { ImageModel } from "../predict-all.js";
import { AverageScores } from "./average-scores.js";

/** A trained segmentation model. */
export interface FrozenSegmenter {
  readonly shape: SegmenterShape;
  readonly normalization: Normalization;
  /** By the names of the parameters, running statistics included; arrays are read anew for each image. */
  readonly weights: Weights;
}

/** Gives each pixel of images a class. */
export interface ImageSegmenter extends ImageModel<Uint8Array> {
  /** What the engine holds at its peak, weights included. */
  readonly memoryBytes: number;
  /** The classes of the pixels of images [height, width], each at its own size, in their order. */
  predict(images: readonly WholeImage[]): AsyncGenerator<Uint8Array>;
}

/** Of scores that a program gives at once, in values: more would be memory for no speed. */
const SCORES_AT_ONCE = 2 ** 24;
/** Convolutions are as fast on a few windows as on many. */
const MOST_WINDOWS = 8;
/** The step from one window to the next, as a share of its side: 341 of 512 pixels, as is usual. */
const STEP = 2 / 3;

/**
 * Compiles a model. The shorter side of an image becomes the side of a window, which moves over it in steps of two thirds;
 * scores are averaged where windows overlap, and interpolated to the size of the image [mmsegmentation's "slide" mode].
 */
export async function createImageSegmenter(
  { shape, normalization, weights }: FrozenSegmenter,
  engine: Engine,
): Promise<ImageSegmenter> {
  const { imageSize: side, classes, encoder } = shape;
  const channels = channelsOf(encoder);
  const { batch, run, memoryBytes } = await createImageProgram(
    {
      name: "segmentation",
      shape: { ...encoder, imageSize: side },
      normalization,
      weights,
      mostImages: Math.min(MOST_WINDOWS, Math.max(1, Math.floor(SCORES_AT_ONCE / (classes * side * side)))),
      outputs: (scope, images) => {
        const scores = frozenSegmenter(scope, shape)(images);
        return { scores: scores.reshape([scores.shape[0]!, -1]) };
      },
    },
    engine,
  );
  const size = { width: side, height: side };
  const values = classes * side * side;

  return {
    batch,
    memoryBytes,
    async *predict(images) {
      const windows = images.flatMap((image) => windowsOf(image, side));
      const pixels = new Uint8Array(batch * side * side * channels);
      for (let first = 0; first < windows.length; first += batch) {
        const group = windows.slice(first, first + batch);
        for (const [place, { image, region }] of group.entries()) {
          pixels.set(renderRegion(image, region, size, channels), place * side * side * channels);
        }
        const { scores } = await run(pixels.subarray(0, group.length * side * side * channels));
        for (const [place, { average, top, left, isLast }] of group.entries()) {
          average.add(scores.subarray(place * values, (place + 1) * values), { top, left, width: side, height: side });
          if (isLast) yield average.classes();
        }
      }
    },
  };
}

/** A part of an image, and where its scores belong. */
interface Window {
  readonly image: WholeImage;
  /** In pixels of the image. */
  readonly region: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  /** In pixels of the scaled image. */
  readonly top: number;
  readonly left: number;
  readonly average: AverageScores;
  readonly isLast: boolean;
}

function windowsOf(image: WholeImage, side: number): Window[] {
  const { width, height } = scaledSize(image, side);
  const [perColumn, perRow] = [image.width / width, image.height / height];
  const average = new AverageScores({ width, height }, image);
  const places = windowStarts(height, side).flatMap((top) => windowStarts(width, side).map((left) => ({ top, left })));
  return places.map(({ top, left }, index) => ({
    ...{ image, top, left, average },
    region: { left: left * perColumn, top: top * perRow, width: side * perColumn, height: side * perRow },
    isLast: index === places.length - 1,
  }));
}

/** The size of an image whose shorter side becomes `side`. */
export function scaledSize({ width, height }: ImageSize, side: number): ImageSize {
  const factor = side / Math.min(width, height);
  return { width: Math.max(side, Math.round(width * factor)), height: Math.max(side, Math.round(height * factor)) };
}

/** Where windows begin along an axis, the last of them at its end. */
export function windowStarts(length: number, side: number): number[] {
  const step = Math.max(1, Math.floor(side * STEP));
  const count = Math.ceil(Math.max(0, length - side) / step) + 1;
  return Array.from({ length: count }, (_, index) => Math.min(index * step, length - side));
}
