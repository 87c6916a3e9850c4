// Whether an image is still the one that was read before: its file's size and time, and a checksum.

import { crc32 } from "node:zlib";

/** One entry an image, all in memory that threads share. A size of 0 marks an image that was not read yet. */
export interface ImageStamps {
  /** Bytes of the image. */
  readonly sizes: Float64Array;
  /** When its file was last modified, in milliseconds since 1970. */
  readonly times: Float64Array;
  /** CRC-32 of its bytes. */
  readonly sums: Uint32Array;
}

/** An image's file as it was found. */
export interface Stamp {
  readonly size: number;
  readonly time: number;
}

export function allocateStamps(count: number): ImageStamps {
  return {
    sizes: new Float64Array(new SharedArrayBuffer(8 * count)),
    times: new Float64Array(new SharedArrayBuffer(8 * count)),
    sums: new Uint32Array(new SharedArrayBuffer(4 * count)),
  };
}

/**
 * Compares an image with its stamp, or stamps it when it is read for the first time. Returns false where it is another
 * than before; the stamp is then that of the new one. A file that was copied or touched has another time and the same
 * content: it is the same image.
 */
export function checkStamp(stamps: ImageStamps, row: number, { size, time }: Stamp, bytes: Uint8Array): boolean {
  const known = stamps.sizes[row] !== 0;
  const sameSize = stamps.sizes[row] === size;
  if (known && sameSize && stamps.times[row] === time) return true;
  const sum = crc32(bytes);
  const same = !known || (sameSize && stamps.sums[row] === sum);
  stamps.sizes[row] = size;
  stamps.times[row] = time;
  stamps.sums[row] = sum;
  return same;
}

/** Differs as soon as any stamp does. */
export function stampsDigest({ sizes, times, sums }: ImageStamps): number {
  return [sizes, times, sums].reduce((digest, { buffer }) => crc32(new Uint8Array(buffer), digest), 0);
}
