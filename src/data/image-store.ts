// Images kept decoded in memory that all threads share.

import type { PixelImage } from "./resample.js";

/** Images `chunk * chunkSize` up to `(chunk + 1) * chunkSize` lie in `chunks[chunk]`; a width of 0 marks a gap. */
export interface ImageStore {
  readonly chunkSize: number;
  readonly chunks: readonly StoreChunk[];
}

/** A run of images in one block of shared memory. */
export interface StoreChunk {
  readonly pixels: Uint8Array;
  readonly offsets: Float64Array;
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
}

/** Puts a run of RGB images into shared memory; `undefined` stands for one that cannot be read. */
export function packImages(images: readonly (PixelImage | undefined)[]): StoreChunk {
  const offsets = new Float64Array(images.length);
  const widths = new Uint32Array(images.length);
  const heights = new Uint32Array(images.length);
  const bytes = images.reduce((sum, image) => sum + (image ? imageBytes(image) : 0), 0);
  const pixels = new Uint8Array(new SharedArrayBuffer(bytes));
  let offset = 0;
  images.forEach((image, i) => {
    offsets[i] = offset;
    if (!image) return;
    widths[i] = image.width;
    heights[i] = image.height;
    if (image.channels === 3) pixels.set(image.pixels, offset);
    else
      for (let at = 0; at < image.pixels.length; at++)
        pixels.fill(image.pixels[at]!, offset + 3 * at, offset + 3 * at + 3);
    offset += imageBytes(image);
  });
  return { pixels, offsets, widths, heights };
}

/** Bytes that an image takes in the store. */
export function imageBytes(image: PixelImage): number {
  return image.width * image.height * 3;
}

/** A view on a stored image, without copying; undefined for a gap. */
export function storedImage(store: ImageStore, index: number): PixelImage | undefined {
  const chunk = store.chunks[Math.floor(index / store.chunkSize)]!;
  const place = index % store.chunkSize;
  const width = chunk.widths[place]!;
  const height = chunk.heights[place]!;
  if (width === 0) return undefined;
  const offset = chunk.offsets[place]!;
  return { pixels: chunk.pixels.subarray(offset, offset + width * height * 3), width, height, channels: 3 };
}
