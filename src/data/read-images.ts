// Reads a few images in order, without worker threads: for pictures of reconstructions and for embedding.

import { type Color, decodeImage } from "./decode-image.js";
import { openShare } from "./decode-room.js";
import { UnreadableImageError } from "./errors.js";
import { DEFAULT_MAXIMUM_BYTES } from "./image-cost.js";
import { ImageReader, reasonOf } from "./image-reader.js";
import { type ImageSides, pixelCount } from "./image-size.js";
import type { ImageSource, ImageTable } from "./image-source.js";
import { pathSource } from "./path-source.js";
import { renderImage } from "./render.js";
import type { SkippedImage } from "./skip-log.js";
import { parseTransform, type TransformOptions, workingSide } from "./transform.js";

/** An image file: its path, or its bytes. */
export type ImageFile = string | Uint8Array;

/** Image files, or images of a source by index. */
export type ImageSelection =
  | readonly ImageFile[]
  | { readonly source: ImageSource; readonly indices: ArrayLike<number> };

/** How images are decoded. */
export interface ReadOptions {
  /** In pixels: one number for squares, else [height, width]. */
  readonly imageSize: ImageSides;
  /** As of a batch stream; default 3. */
  readonly channels?: number;
  /** Default: the fixed view of evaluation. A random view is drawn for epoch 0 of `seed`. */
  readonly transform?: TransformOptions;
  readonly seed?: number;
  /** What shows through where an image is transparent; default white. */
  readonly background?: Color;
  readonly minimumSize?: number;
  /** Images whose decoding takes more bytes are unreadable; default 1 GiB. */
  readonly maximumImageBytes?: number;
  /** If given, unreadable images are reported and left out; else the first of them throws. */
  readonly onSkip?: (skipped: SkippedImage) => void;
}

/** A decoded image. */
export interface ReadImage {
  /** Its index in the source, or its place in the list of files. */
  readonly index: number;
  readonly name: string;
  /** 8-bit sRGB, [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** Images decoded at a time; libuv has four threads unless it is told otherwise. */
const LANES = 4;

/** The images in the order asked for. Throws `UnreadableImageError` unless there is an `onSkip`. */
export async function readImages(images: ImageSelection, options: ReadOptions): Promise<ReadImage[]> {
  const { imageSize, channels = 3, seed = 0, minimumSize = 1 } = options;
  const transform = parseTransform(options.transform ?? { kind: "centre" }, imageSize, channels);
  const { table, indices, nameOf, bytesOf } = normalise(images);
  const decode = {
    workingSide: Math.max(workingSide(transform, imageSize), minimumSize),
    channels,
    background: options.background ?? [255, 255, 255],
    minimumSize,
    maximumBytes: options.maximumImageBytes ?? DEFAULT_MAXIMUM_BYTES,
  };
  const room = openShare();
  const reader = new ImageReader(table, decode, room);
  const pixelsOf = (index: number) => {
    const bytes = bytesOf(index);
    return bytes === undefined ? reader.decode(index) : decodeImage(bytes, decode, room);
  };
  const read = async (index: number): Promise<ReadImage | SkippedImage> => {
    try {
      const pixels = new Uint8Array(pixelCount(imageSize) * channels);
      const key = { seed, epoch: 0, index, view: 0 };
      renderImage(await pixelsOf(index), transform, key, imageSize, pixels, 0, channels);
      return { index, name: nameOf(index), pixels };
    } catch (error) {
      return { index, name: nameOf(index), reason: reasonOf(error) };
    }
  };
  try {
    const results: ReadImage[] = [];
    for (let first = 0; first < indices.length; first += LANES) {
      for (const result of await Promise.all(indices.slice(first, first + LANES).map(read))) {
        if ("pixels" in result) results.push(result);
        else if (options.onSkip) options.onSkip(result);
        else throw new UnreadableImageError(result.name, result.reason);
      }
    }
    return results;
  } finally {
    reader.close();
  }
}

function normalise(images: ImageSelection): {
  table: ImageTable;
  indices: number[];
  nameOf: (index: number) => string;
  /** Of a file that is in memory already. */
  bytesOf: (index: number) => Uint8Array | undefined;
} {
  if ("source" in images) {
    const { source, indices } = images;
    return { table: source.table, indices: Array.from(indices), nameOf: source.name, bytesOf: () => undefined };
  }
  const { table } = pathSource(images.map((image) => (typeof image === "string" ? image : "")));
  return {
    table,
    indices: [...images.keys()],
    nameOf: (index) => nameOfFile(images[index]!, index),
    bytesOf: (index) => bytesOfFile(images[index]!),
  };
}

function nameOfFile(image: ImageFile, index: number): string {
  return typeof image === "string" ? image : `place ${index + 1} of those given`;
}

function bytesOfFile(image: ImageFile): Uint8Array | undefined {
  return typeof image === "string" ? undefined : image;
}
