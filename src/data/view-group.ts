// Groups of views of each image in a batch: an ordinary stream has one group of one view.

import { type BatchBoxes, joinBoxes, type PlacedBoxes, placeBoxes } from "./box-view.js";
import { type ImageSides, pixelCount } from "./image-size.js";
import { resampleMask } from "./mask-view.js";
import { renderImage, type SlotKey } from "./render.js";
import type { PixelImage } from "./resample.js";
import type { Targets } from "./targets.js";
import type { Transform } from "./transform.js";

/** Views of each image that are drawn alike. */
export interface ViewGroup {
  readonly name: string;
  readonly count: number;
  readonly imageSize: ImageSides;
  readonly channels: number;
  readonly transform: Transform;
}

/** The pixels of a batch, for each group [count, batch, height, width, channels]. */
export type ViewPixels = readonly Uint8Array<ArrayBuffer>[];

/** The targets of a batch, for each group: masks [count, batch, height, width], and boxes of count * batch pictures. */
export interface ViewTargets {
  readonly masks?: ViewPixels;
  readonly boxes?: readonly BatchBoxes[];
}

/** Room for a batch, to be filled view by view. */
export interface ViewRoom {
  readonly pixels: ViewPixels;
  readonly masks?: ViewPixels;
  /** For each group, of count * batch pictures. */
  readonly boxes?: readonly (PlacedBoxes | undefined)[][];
}

/** Room for a batch of `batch` images. */
export function allocateViews(groups: readonly ViewGroup[], batch: number, targets: Targets = {}): ViewRoom {
  const bytes = (perPixel: (group: ViewGroup) => number) =>
    groups.map((group) => new Uint8Array(group.count * batch * pixelCount(group.imageSize) * perPixel(group)));
  return {
    pixels: bytes(({ channels }) => channels),
    ...(targets.masks && { masks: bytes(() => 1) }),
    ...(targets.boxes && {
      boxes: groups.map(({ count }) => new Array<PlacedBoxes | undefined>(count * batch).fill(undefined)),
    }),
  };
}

/** The targets of a batch that is filled. */
export function targetsOf({ masks, boxes }: ViewRoom): ViewTargets {
  return { ...(masks && { masks }), ...(boxes && { boxes: boxes.map(joinBoxes) }) };
}

/** An image, and what decides what is seen of it. */
export interface SlotImage {
  readonly image: PixelImage;
  /** Its index in the source: in a slot whose own image cannot be read, that of the substitute. */
  readonly index: number;
  readonly boxes: Targets["boxes"];
}

/** Writes all views of an image to its slot of a batch of `batch` images. Views are numbered through all groups. */
export function renderViews(
  { image, index, boxes }: SlotImage,
  groups: readonly ViewGroup[],
  key: Omit<SlotKey, "view">,
  room: ViewRoom,
  slot: number,
  batch: number,
): void {
  let number = 0;
  groups.forEach(({ count, imageSize, channels, transform }, i) => {
    const area = pixelCount(imageSize);
    for (let copy = 0; copy < count; copy++) {
      const place = copy * batch + slot;
      const viewKey = { ...key, view: number++ };
      const view = renderImage(
        image,
        transform,
        viewKey,
        imageSize,
        room.pixels[i]!,
        place * area * channels,
        channels,
      );
      if (room.masks) resampleMask(image as Required<PixelImage>, view, imageSize, room.masks[i]!, place * area);
      if (room.boxes && boxes) room.boxes[i]![place] = placeBoxes(boxes, index, image, view, imageSize);
    }
  });
}
