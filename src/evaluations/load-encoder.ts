// An encoder in memory, for programs that embed images as they come: from files or from bytes, in one call.

import type { ImageFile } from "../data/index.js";
import { createFeatureExtractor, type Pooling } from "../heads/features.js";
import type { EncoderShape } from "../nn/presets.js";
import type { EventOptions } from "../training/events.js";
import { engineFor } from "./device.js";
import { ImageProgress } from "./image-progress.js";
import { imageRows, isOne } from "./image-rows.js";
import { type EncoderRequest, openModel } from "./model.js";

/** How an encoder is loaded. Everything may be left out. */
export interface LoadOptions extends Omit<EncoderRequest, "from" | "memoryCheck">, EventOptions {
  /** The vector of an image: the mean of its patch tokens, which is the default, or the CLS token. */
  readonly pooling?: Pooling;
}

/** An encoder that is ready to embed images. */
export interface LoadedEncoder {
  readonly shape: EncoderShape;
  /** Which it is, such as "runs/first, step 2000". */
  readonly origin: string;
  /**
   * The vector of an image, [width], as `mixedae embed` gives it: the image is decoded, cropped to a square, resized and
   * normalised as the encoder was trained. A vector depends on its image alone. Throws UnreadableImageError.
   */
  embed(image: ImageFile): Promise<Float32Array>;
  /** The vectors of several images, in their order, computed in batches. */
  embed(images: readonly ImageFile[]): Promise<Float32Array[]>;
}

/**
 * Loads the encoder of a run, a checkpoint file, or imported weights, and compiles it. Throws RunDirectoryError,
 * CheckpointError, StorageError, and the signal's reason where it is aborted.
 */
export async function loadEncoder(path: string, options: LoadOptions = {}): Promise<LoadedEncoder> {
  const { pooling = "mean", threads, device } = options;
  const progress = ImageProgress.of(options);
  const model = await progress.waiting.during("Reading the encoder", () => openModel({ ...options, from: path }));
  const engine = await engineFor({ threads, device }, model.device, progress);
  const { batch, extract } = await progress.waiting.duringBusy("Compiling the encoder", () =>
    createFeatureExtractor(model, engine),
  );
  const rowsOf = imageRows({ batch, run: async (pixels) => (await extract(pixels))[pooling] }, model);

  function embed(image: ImageFile): Promise<Float32Array>;
  function embed(images: readonly ImageFile[]): Promise<Float32Array[]>;
  async function embed(given: ImageFile | readonly ImageFile[]): Promise<Float32Array | Float32Array[]> {
    return isOne(given) ? (await rowsOf([given]))[0]! : rowsOf(given);
  }
  return { shape: model.shape, origin: model.origin, embed };
}
