// Mean and standard deviation of the channels of a set of images, from all of them or from a sample.

import { randomStream } from "../random/index.js";
import { pixelCount, shorterSide } from "./image-size.js";
import type { ImageSource } from "./image-source.js";
import { type OrderedOptions, openOrdered } from "./ordered-reader.js";
import type { SkippedImage } from "./skip-log.js";

/** Images that are measured where nobody says how many: of these, the mean is known to within half a percent of the range. */
export const MEASURED_IMAGES = 2000;

/** Which images of a set are measured, and how they are read. */
export interface StatisticsOptions
  extends Pick<
    OrderedOptions,
    "imageSize" | "channels" | "background" | "minimumSize" | "maximumImageBytes" | "workers" | "signal"
  > {
  /** At most, drawn from the whole set, always the same ones; default 2,000. */
  readonly images?: number;
  /** Called for each image that cannot be read; it is left out. */
  readonly onSkip?: (skipped: SkippedImage) => void;
  /** Called while images are measured. */
  readonly onProgress?: (done: number, count: number) => void;
}

/** What was measured, of values from 0 to 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  /** 1 for a channel that is the same everywhere: nothing can be divided by its deviation, 0. */
  readonly std: readonly number[];
  /** Places of the channels that are the same everywhere, from 0. */
  readonly constant: readonly number[];
  /** How many images were measured. */
  readonly images: number;
}

/** Pixels in one batch, about. */
const BATCH_PIXELS = 2 ** 22;
/** Digits of a result: more say nothing of the images, and make configurations hard to read. */
const DIGITS = 6;

/**
 * Measures over the pixels of all images alike, each of which is seen once: shrunk or enlarged to fill
 * `imageSize`, and the middle of it. Depends on the images and these options alone. Throws
 * `DataError`s, also where not one image can be read.
 */
export async function measureChannels(source: ImageSource, options: StatisticsOptions): Promise<ChannelStatistics> {
  const { images = MEASURED_IMAGES, onSkip = () => {}, onProgress = () => {}, ...reading } = options;
  const { imageSize, channels = 3 } = reading;
  const indices = sampleOf(source.count, images);
  const reader = await openOrdered({
    ...reading,
    source,
    batchSize: Math.min(64, Math.max(1, Math.floor(BATCH_PIXELS / pixelCount(imageSize)))),
    augmentation: { kind: "centre", resize: shorterSide(imageSize) },
  });
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let [measured, done] = [0, 0];
  try {
    for await (const { indices: read, pixels, skipped } of reader.pass({ indices })) {
      for (const each of skipped) onSkip(each);
      addUp(pixels, sums, squares);
      measured += read.length;
      done += read.length + skipped.length;
      onProgress(done, indices.length);
    }
  } finally {
    await reader.close();
  }
  return { ...momentsOf(sums, squares, measured * pixelCount(imageSize)), images: measured };
}

/** In the order of the set, in which neighbours often lie in one folder or archive. */
function sampleOf(count: number, images: number): Int32Array {
  if (images >= count) return Int32Array.from({ length: count }, (_, index) => index);
  return Int32Array.from(randomStream(0, "measured images", 0, 0).permutation(count).subarray(0, images)).sort();
}

/** The sums of a batch are whole numbers far below 2 ** 53, so that they are exact. */
function addUp(pixels: Uint8Array, sums: Float64Array, squares: Float64Array): void {
  const channels = sums.length;
  for (let channel = 0; channel < channels; channel++) {
    let [sum, square] = [0, 0];
    for (let at = channel; at < pixels.length; at += channels) {
      const value = pixels[at]!;
      sum += value;
      square += value * value;
    }
    sums[channel]! += sum;
    squares[channel]! += square;
  }
}

function momentsOf(sums: Float64Array, squares: Float64Array, count: number): Omit<ChannelStatistics, "images"> {
  const rounded = (value: number) => Number(value.toPrecision(DIGITS));
  const moments = Array.from(sums, (sum, channel) => {
    const mean = sum / count;
    return { mean: mean / 255, deviation: Math.sqrt(Math.max(0, squares[channel]! / count - mean ** 2)) / 255 };
  });
  // Below a hundredth of a step of the 8 bits there is nothing but rounding.
  const isConstant = (deviation: number) => deviation < 1 / 25_500;
  return {
    mean: moments.map(({ mean }) => rounded(mean)),
    std: moments.map(({ deviation }) => (isConstant(deviation) ? 1 : rounded(deviation))),
    constant: moments.flatMap(({ deviation }, channel) => (isConstant(deviation) ? [channel] : [])),
  };
}
