// Images kept decoded in memory that all threads share.

import type { PixelImage } from "./resample.js";

/** Images `chunk * chunkSize` up to `(chunk + 1) * chunkSize` lie in `chunks[chunk]`; a width of 0 marks a gap. */
export interface ImageStore {
  readonly chunkSize: number;
  readonly chunks: readonly StoreChunk[];
}

/** A run of images in one block of shared memory. */
export interface StoreChunk {
  readonly channels: number;
  readonly pixels: Uint8Array;
  /** Of images with masks: a byte for every pixel. */
  readonly masks?: Uint8Array;
  readonly offsets: Float64Array;
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
}

/**
 * Puts a run of images into shared memory, grey ones in three channels where that is what is asked for; `undefined`
 * stands for one that cannot be read.
 */
export function packImages(images: readonly (PixelImage | undefined)[], channels: number): StoreChunk {
  const offsets = new Float64Array(images.length);
  const widths = new Uint32Array(images.length);
  const heights = new Uint32Array(images.length);
  const area = images.reduce((sum, image) => sum + (image ? image.width * image.height : 0), 0);
  const pixels = new Uint8Array(new SharedArrayBuffer(channels * area));
  const masks = images.some((image) => image?.mask) ? new Uint8Array(new SharedArrayBuffer(area)) : undefined;
  let offset = 0;
  images.forEach((image, i) => {
    offsets[i] = offset;
    if (!image) return;
    widths[i] = image.width;
    heights[i] = image.height;
    if (image.channels === channels) pixels.set(image.pixels, offset);
    else
      for (let at = 0; at < image.pixels.length; at++)
        pixels.fill(image.pixels[at]!, offset + 3 * at, offset + 3 * at + 3);
    if (image.mask) masks!.set(image.mask, offset / channels);
    offset += channels * image.width * image.height;
  });
  return { channels, pixels, ...(masks && { masks }), offsets, widths, heights };
}

/** Bytes that an image takes in the store. */
export function imageBytes({ width, height, mask }: PixelImage, channels: number): number {
  return width * height * (mask === undefined ? channels : channels + 1);
}

/** A view on a stored image, without copying; undefined for a gap. */
export function storedImage(store: ImageStore, index: number): PixelImage | undefined {
  const chunk = store.chunks[Math.floor(index / store.chunkSize)]!;
  const place = index % store.chunkSize;
  const width = chunk.widths[place]!;
  const height = chunk.heights[place]!;
  if (width === 0) return undefined;
  const offset = chunk.offsets[place]!;
  const { channels } = chunk;
  const mask = chunk.masks?.subarray(offset / channels, offset / channels + width * height);
  const pixels = chunk.pixels.subarray(offset, offset + width * height * channels);
  return { pixels, width, height, channels, ...(mask && { mask }) };
}
