// Images with class masks in ADE20K's layout, as mixedae data compose writes them.

import { join } from "node:path";
import sharp from "sharp";
import { imageFault } from "../data/image-fault.js";
import { reasonOf } from "../data/image-reader.js";
import { type ImageSides, shorterSide, sizeOf } from "../data/image-size.js";
import { type ImageSource, openSource, readImages } from "../data/index.js";
import { LARGEST_LIST, readBytes, readText } from "../files/regular-file.js";
import { IGNORED } from "../heads/segmentation-metrics.js";
import { channelsOf } from "../nn/presets.js";
import { randomStream } from "../random/index.js";
import { DamagedFileError, EvaluationError } from "./errors.js";
import type { ImageViews } from "./model-images.js";

/** Larger masks are refused before they are decoded. */
const MOST_PIXELS = 8192 ** 2;

export interface MaskedImages {
  /** [images, size, size, channels]. */
  readonly pixels: Uint8Array;
  /** [size, size] each: indices into the classes, IGNORED elsewhere. */
  readonly masks: readonly Uint8Array[];
}

export interface SceneSet {
  /** The background first. */
  readonly classes: readonly string[];
  /** How many images a split has. */
  count(split: "training" | "validation"): Promise<number>;
  /** So many images of a split, evenly drawn from the seed, in batches; all of them where there are fewer. */
  read(split: "training" | "validation", images: number, seed: number, batch: number): AsyncGenerator<MaskedImages>;
}

/** Throws EvaluationError where the folder lacks what such a set has, SourceError. */
export async function openSceneSet(folder: string, { shape, background }: ImageViews): Promise<SceneSet> {
  const classes = ["background", ...readClasses(folder)];
  const { imageSize, patchSize } = shape;
  const opened = new Map<string, Promise<ImageSource>>();
  const open = (split: string): Promise<ImageSource> => {
    const source = opened.get(split) ?? openSource(join(folder, "images", split));
    opened.set(split, source);
    return source;
  };
  return {
    classes,
    count: async (split) => (await open(split)).count,
    async *read(split, images, seed, batch) {
      const source = await open(split);
      const order = randomStream(seed, `masked images ${split}`, 0, 0).permutation(source.count).subarray(0, images);
      const chosen = order.sort();
      for (let first = 0; first < chosen.length; first += batch) {
        const indices = chosen.subarray(first, first + batch);
        const read = await readImages(
          { source, indices },
          // As much as can be seen, so that masks need nothing but the same resizing.
          {
            imageSize,
            channels: channelsOf(shape),
            minimumSize: patchSize,
            background,
            transform: { kind: "centre", resize: shorterSide(imageSize) },
          },
        );
        const masks = await Promise.all(
          Array.from(indices, (index) => readMask(maskPath(folder, split, source, index), imageSize, classes.length)),
        );
        yield { pixels: Buffer.concat(read.map(({ pixels }) => pixels)), masks };
      }
    },
  };
}

function readClasses(folder: string): string[] {
  const path = join(folder, "classes.txt");
  try {
    const names = readText(path)
      .split("\n")
      .filter((name) => name !== "");
    if (names.length > 0 && names.length < IGNORED) return names;
  } catch {
    // The same as a file without names: what is expected is said once.
  }
  throw new EvaluationError({
    expected: `a set with class masks, with the names of its classes in ${path}, a line each`,
    found: "no such file, or none or too many names in it",
    remedy: "To make one: mixedae data compose CUTOUTS --out FOLDER",
  });
}

function maskPath(folder: string, split: string, source: ImageSource, index: number): string {
  return join(folder, "annotations", split, source.name(index).replace(/\.\w+$/, ".png"));
}

async function readMask(path: string, sides: ImageSides, classes: number): Promise<Uint8Array> {
  const { width, height } = sizeOf(sides);
  let mask: Uint8Array;
  try {
    mask = await sharp(readBytes(path, LARGEST_LIST), { limitInputPixels: MOST_PIXELS })
      .extractChannel(0)
      .resize(width, height, { fit: "cover", kernel: "nearest" })
      .raw()
      .toBuffer();
  } catch (error) {
    throw wrongMask(path, reasonOf(imageFault(error)));
  }
  const strange = mask.find((value) => value >= classes && value !== IGNORED);
  if (strange !== undefined) throw wrongMask(path, `the class ${strange}`);
  return mask;
}

function wrongMask(path: string, found: string): DamagedFileError {
  return new DamagedFileError({
    expected: `a mask of 8 bits with the classes that classes.txt names, or ${IGNORED}, at ${path}`,
    found,
    remedy: "Make the set again, or name all of its classes",
  });
}
