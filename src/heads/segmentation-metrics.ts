// How well predicted classes of pixels agree with masks: intersection over union of each class, and their mean.

import { pixelCount, sizeOf } from "../data/image-size.js";
import { UNLABELLED as IGNORED } from "../data/mask-view.js";
import { type EncoderShape, patchCount, patchGrid } from "../nn/presets.js";

export { IGNORED };

/** How well the pixels of a class were found. */
export interface ClassOverlap {
  readonly name: string;
  /** Pixels of the mask. */
  readonly pixels: number;
  /** Intersection over union; null where the class is neither in a mask nor predicted. */
  readonly iou: number | null;
}

/** How well pixels were labelled, by class and overall; shares are from 0 to 1. */
export interface SegmentationResult {
  readonly meanIou: number;
  /** Share of the pixels whose class is right. */
  readonly pixelAccuracy: number;
  readonly perClass: readonly ClassOverlap[];
}

/** Counts pixels over any number of images, then says how well they agree. */
export class SegmentationCounts {
  readonly #classes: readonly string[];
  readonly #correct: Float64Array;
  readonly #inMask: Float64Array;
  readonly #predicted: Float64Array;

  constructor(classes: readonly string[]) {
    this.#classes = classes;
    this.#correct = new Float64Array(classes.length);
    this.#inMask = new Float64Array(classes.length);
    this.#predicted = new Float64Array(classes.length);
  }

  /** Classes of as many pixels each; those that the mask ignores are left out. */
  add(predicted: ArrayLike<number>, mask: ArrayLike<number>): void {
    for (let pixel = 0; pixel < mask.length; pixel++) {
      const [own, found] = [mask[pixel]!, predicted[pixel]!];
      if (own === IGNORED) continue;
      this.#inMask[own]!++;
      this.#predicted[found]!++;
      if (own === found) this.#correct[own]!++;
    }
  }

  /** What is counted, to be added up where several have counted. */
  get arrays(): readonly Float64Array[] {
    return [this.#correct, this.#inMask, this.#predicted];
  }

  result(): SegmentationResult {
    const perClass = this.#classes.map((name, index): ClassOverlap => {
      const [correct, pixels] = [this.#correct[index]!, this.#inMask[index]!];
      const union = pixels + this.#predicted[index]! - correct;
      return { name, pixels, iou: union === 0 ? null : correct / union };
    });
    const known = perClass.flatMap(({ iou }) => (iou === null ? [] : [iou]));
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    return {
      meanIou: sum(known) / known.length,
      pixelAccuracy: sum(this.#correct) / sum(this.#inMask),
      perClass,
    };
  }
}

/** How an image is divided into patches. */
type ImageInPatches = Pick<EncoderShape, "imageSize" | "patchSize">;

/**
 * The commonest class of each patch of a mask [height, width], row by row; of equally common ones the lowest, and IGNORED
 * where nothing else is in the patch.
 */
export function patchClasses(mask: Uint8Array, shape: ImageInPatches): Uint8Array {
  const { patchSize } = shape;
  const { width } = sizeOf(shape.imageSize);
  const { columns } = patchGrid(shape);
  const classes = new Uint8Array(patchCount(shape));
  const counts = new Uint32Array(256);
  for (let patch = 0; patch < classes.length; patch++) {
    counts.fill(0);
    const [top, left] = [Math.floor(patch / columns) * patchSize, (patch % columns) * patchSize];
    for (let row = top; row < top + patchSize; row++) {
      for (let column = left; column < left + patchSize; column++) counts[mask[row * width + column]!]!++;
    }
    counts[IGNORED] = 0;
    const most = counts.reduce((best, count) => Math.max(best, count), 0);
    classes[patch] = most === 0 ? IGNORED : counts.indexOf(most);
  }
  return classes;
}

/** The other way: each pixel [height, width] has the class of its patch. */
export function pixelClasses(patches: ArrayLike<number>, shape: ImageInPatches): Uint8Array {
  const { patchSize } = shape;
  const { width } = sizeOf(shape.imageSize);
  const { columns } = patchGrid(shape);
  return Uint8Array.from({ length: pixelCount(shape.imageSize) }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / width / patchSize), Math.floor((pixel % width) / patchSize)];
    return patches[row * columns + column]!;
  });
}
