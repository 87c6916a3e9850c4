// Images at their own size, one after the other, with their masks where they have some; and parts of them at another size.

import type { Color } from "./decode-image.js";
import { openShare } from "./decode-room.js";
import { DEFAULT_MAXIMUM_BYTES } from "./image-cost.js";
import { ImageReader } from "./image-reader.js";
import { type ImageSize, sidesOf } from "./image-size.js";
import type { ImageSource } from "./image-source.js";
import { readMask } from "./read-mask.js";
import { type PixelImage, resampleView } from "./resample.js";
import type { MaskFiles } from "./targets.js";
import type { Region } from "./transform.js";

/** A decoded image: `pixels` [height, width, channels], `mask` [height, width]. */
export type WholeImage = PixelImage;

/** How images are read as they are. */
export interface WholeImageOptions {
  readonly channels: number;
  /** What shows through where an image is transparent. */
  readonly background: Color;
  readonly masks?: MaskFiles | undefined;
}

/** Reads images of a source. */
export interface WholeImages {
  /** Rejects with a one-line reason that does not name the image, as where its mask does not fit. */
  read(index: number): Promise<WholeImage>;
  /** Closes the archives that were opened. */
  close(): void;
}

/** No image is shrunk whose sides the decoder can give. */
const LARGEST_SIDE = 16_383;

export function openWholeImages(
  { table }: ImageSource,
  { channels, background, masks }: WholeImageOptions,
): WholeImages {
  const reader = new ImageReader(
    table,
    { workingSide: LARGEST_SIDE, channels, background, minimumSize: 1, maximumBytes: DEFAULT_MAXIMUM_BYTES },
    openShare(),
  );
  return {
    async read(index) {
      const image = await reader.decode(index);
      return masks === undefined ? image : { ...image, mask: readMask(masks, index, image) };
    },
    close: () => reader.close(),
  };
}

/** A region of an image as `size` pixels [height, width, channels]; what lies beyond the image has the values of its edge. */
export function renderRegion(image: WholeImage, region: Region, size: ImageSize, channels: number): Uint8Array {
  const pixels = new Uint8Array(size.width * size.height * channels);
  const bounds = { left: 0, top: 0, width: image.width, height: image.height };
  resampleView(image, { region, bounds, flip: false }, sidesOf(size), pixels, 0, channels);
  return pixels;
}
