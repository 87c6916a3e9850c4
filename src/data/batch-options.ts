// Checks the options of a batch stream and fills in their defaults.

import { availableParallelism } from "node:os";
import { z } from "zod";
import type { Color } from "./decode-image.js";
import { DataOptionError, SourceError } from "./errors.js";
import { DEFAULT_MAXIMUM_BYTES } from "./image-cost.js";
import { imageSidesSchema } from "./image-sides-schema.js";
import { type ImageSides, pixelCount, sidesOf, sizeOf } from "./image-size.js";
import type { ImageSource } from "./image-source.js";
import type { SkippedImage } from "./skip-log.js";
import { checkTargets, type Targets } from "./targets.js";
import { parseOptions, type TransformOptions } from "./transform.js";
import type { ViewGroup } from "./view-group.js";
import { type ViewOptions, viewGroups } from "./view-options.js";

const wholeNumber = (low: number, high: number) => z.number().int().min(low).max(high);
const side = wholeNumber(1, 8192);
const imageSides = imageSidesSchema(side).transform((sides) => sidesOf(sizeOf(sides)));
const byte = wholeNumber(0, 255);

/** Bytes of all views of a batch. */
const LARGEST_BATCH = 2 ** 32;

const schema = z.object({
  imageSize: imageSides,
  channels: wholeNumber(1, 256).default(3),
  batchSize: wholeNumber(1, 1_000_000),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  workers: wholeNumber(1, 64).optional(),
  memoryBudget: z
    .number()
    .min(0)
    .default(2 ** 30),
  background: z.tuple([byte, byte, byte]).default([255, 255, 255]),
  prefetch: wholeNumber(1, 1000).default(3),
  prefetchBytes: z
    .number()
    .positive()
    .default(2 ** 28),
  minimumSize: wholeNumber(1, 8192).default(1),
  maximumImageBytes: wholeNumber(1, 2 ** 40).default(DEFAULT_MAXIMUM_BYTES),
  unreadableShare: z.number().min(0).max(1).default(0.1),
  views: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        count: wholeNumber(1, 100).default(1),
        imageSize: imageSides.optional(),
        // Checked as any transform is, once its image size is known.
        augmentation: z.custom<TransformOptions>().optional(),
      }),
    )
    .min(1)
    .default([{ name: "image", count: 1 }]),
});

/** What batches are made of, and how. Every random draw follows from `seed`. */
export interface BatchOptions {
  readonly source: ImageSource;
  /** Of the images of a batch, in pixels: one number for squares, else [height, width]. */
  readonly imageSize: ImageSides;
  /**
   * Default 3: red, green and blue. 1: grey, what colours become. 4: colours with transparency as it is, over no
   * background. Any other number is that of arrays in .npy files.
   */
  readonly channels?: number;
  readonly batchSize: number;
  /** The places in each batch whose images are prepared, in order; all by default. Other processes prepare the others. */
  readonly places?: Int32Array;
  /** Default 0. */
  readonly seed?: number;
  /** Worker threads; by default the number of cores less one, from 1 to 4. The result does not depend on it. */
  readonly workers?: number;
  /** Random crops, flips and colours, or the fixed view for evaluation. */
  readonly augmentation?: TransformOptions;
  /** Several views of each image, which is decoded once for all of them; default one. */
  readonly views?: readonly ViewOptions[];
  /** What is known of each image and moves with it, by the same crops and flips; not with RandAugment. */
  readonly targets?: Targets;
  /** The most bytes of decoded images to keep in memory; default 1 GiB. The pixels do not depend on it. */
  readonly memoryBudget?: number;
  /** What shows through where an image is transparent; default white. */
  readonly background?: Color;
  /** Batches to prepare ahead, at least one for each worker and one more; default 3. */
  readonly prefetch?: number;
  /** The most bytes of batches to prepare ahead (but always one batch); default 256 MiB. */
  readonly prefetchBytes?: number;
  /** Images with a side of fewer pixels are skipped as unreadable: the patch size, for example. Default 1. */
  readonly minimumSize?: number;
  /**
   * Images whose decoding takes more bytes are skipped as unreadable; default 1 GiB. All large images that a process
   * decodes at a time share 1 GiB; one that needs more is decoded alone.
   */
  readonly maximumImageBytes?: number;
  /** The largest share of unreadable images (but five are always allowed); default 0.1. */
  readonly unreadableShare?: number;
  /** Called once for each image that cannot be read. */
  readonly onSkip?: (skipped: SkippedImage) => void;
  /** Called while a set is brought into memory. */
  readonly onProgress?: (done: number, count: number) => void;
  /** Ends the opening when it is aborted, and with it all waiting for an ordered reader. */
  readonly signal?: AbortSignal;
}

type Plain = Omit<BatchOptions, "imageSize" | "augmentation" | "views" | "prefetchBytes" | "signal" | "places">;

export interface CheckedBatchOptions extends Required<Plain> {
  readonly places: Int32Array | undefined;
  /** At least one group. */
  readonly views: readonly ViewGroup[];
  readonly signal: AbortSignal | undefined;
}

/** Throws `DataOptionError`. */
export function checkBatchOptions(options: BatchOptions): CheckedBatchOptions {
  const { source, augmentation, targets = {}, onSkip = () => {}, onProgress = () => {}, signal, ...others } = options;
  const { places, ...plain } = others;
  checkTargets(targets, source);
  const { imageSize, channels, ...checked } = parseOptions(schema, plain, "the options of a batch stream");
  const views = viewGroups(checked.views, { imageSize, channels, augmentation });
  checkTableChannels(source, channels);
  const repeated = views.find(({ name }, i) => views.findIndex((other) => other.name === name) < i);
  if (repeated) {
    throw new DataOptionError({
      expected: "each group of views to have a name of its own",
      found: `two named "${repeated.name}"`,
      remedy: "Rename one, or raise the count of the other",
    });
  }
  const hasTargets = targets.masks !== undefined || targets.boxes !== undefined;
  if (hasTargets && views.some(({ transform }) => transform.kind === "random" && transform.randAugment !== undefined)) {
    throw new DataOptionError({
      expected: "augmentations that masks and boxes follow: crops, flips and changes of colour",
      found: "RandAugment, which also turns and shears images",
      remedy: "Leave it out",
    });
  }
  // Decoding runs on libuv's threads, four for the whole process unless UV_THREADPOOL_SIZE says otherwise before it
  // starts; more workers than that only help with images in memory, which need few.
  const workers = checked.workers ?? Math.min(4, Math.max(1, availableParallelism() - 1));
  const imageBytes = bytesOfViews(views, targets);
  const batchBytes = (places?.length ?? checked.batchSize) * imageBytes;
  if (batchBytes > LARGEST_BATCH) {
    throw new DataOptionError({
      expected: `a batch of at most ${LARGEST_BATCH} bytes, which one array can hold`,
      found: `${checked.batchSize} images of ${imageBytes} bytes`,
      remedy: "Lower the batch size, the image size or the number of views",
    });
  }
  const wanted = Math.max(checked.prefetch, workers + 1);
  const prefetch = Math.max(1, Math.min(wanted, Math.floor(checked.prefetchBytes / batchBytes)));
  return { ...checked, places, channels, source, targets, onSkip, onProgress, signal, views, workers, prefetch };
}

/** Files are looked at when they are read; what is in memory already is known before. */
function checkTableChannels({ table, name }: ImageSource, channels: number): void {
  if (table.kind !== "pixels") return;
  const held = table.channels;
  if (held === channels || [held, channels].every((count) => count === 1 || count === 3)) return;
  throw new SourceError({
    expected: `images of ${channels} channels`,
    found: `${held} in ${name(0)}`,
    remedy: "Set model.channels to 3 or 1, or give image files or .npy arrays",
  });
}

/** Bytes of all views of one image in a batch, with its masks. Boxes are as good as nothing beside them. */
export function bytesOfViews(views: readonly ViewGroup[], { masks }: Targets): number {
  const maskBytes = masks === undefined ? 0 : 1;
  return views.reduce(
    (sum, { count, imageSize, channels }) => sum + count * pixelCount(imageSize) * (channels + maskBytes),
    0,
  );
}
