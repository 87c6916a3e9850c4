// Groups of views of each image in a batch: an ordinary stream has one group of one view.

import { renderImage, type SlotKey } from "./render.js";
import type { PixelImage } from "./resample.js";
import type { Transform } from "./transform.js";

/** Views of each image that are drawn alike. */
export interface ViewGroup {
  readonly name: string;
  readonly count: number;
  /** Side of the squares, in pixels. */
  readonly imageSize: number;
  readonly transform: Transform;
}

/** The pixels of a batch, for each group [count, batch, size, size, 3]. */
export type ViewPixels = readonly Uint8Array<ArrayBuffer>[];

/** Room for a batch of `batch` images. */
export function allocateViews(groups: readonly ViewGroup[], batch: number): ViewPixels {
  return groups.map(({ count, imageSize }) => new Uint8Array(count * batch * imageSize * imageSize * 3));
}

/** Writes all views of an image to its slot of a batch of `batch` images. Views are numbered through all groups. */
export function renderViews(
  image: PixelImage,
  groups: readonly ViewGroup[],
  key: Omit<SlotKey, "view">,
  out: ViewPixels,
  slot: number,
  batch: number,
): void {
  let view = 0;
  groups.forEach(({ count, imageSize, transform }, i) => {
    const bytes = imageSize * imageSize * 3;
    for (let copy = 0; copy < count; copy++) {
      renderImage(image, transform, { ...key, view: view++ }, imageSize, out[i]!, (copy * batch + slot) * bytes);
    }
  });
}
