// What a model makes of images, as pictures: what the encoder saw, and what it filled in.

import { sizeOf } from "../data/image-size.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import type { Normalization } from "../nn/pixels.js";
import { channelsOf, type EncoderShape, imageValues, patchCount, patchGrid, patchValues } from "../nn/presets.js";
import type { Picture } from "../pictures/sheet.js";
import { shownChannels } from "../pictures/shown-channels.js";

export interface ReconstructionValues {
  readonly task: ReconstructionTask;
  readonly shape: Pick<EncoderShape, "imageSize" | "patchSize" | "channels">;
  /** Original images [batch, height, width, channels]. */
  readonly pixels: Uint8Array;
  /** The decoder's output [batch, patches, patchSize * patchSize * channels]. */
  readonly prediction: Float32Array;
  readonly normalization: Normalization;
}

/** Where the encoder saw nothing. */
const HIDDEN = 128;

/** An image as it is, as the encoder saw it (mixed, or with hidden patches grey), and as it was filled in. */
export interface ReconstructedImage {
  readonly original: Picture;
  readonly input: Picture;
  readonly reconstruction: Picture;
}

/** Each image of `pixels`; `plan` is [groups, planColumns]. */
export function reconstructedImages(
  values: ReconstructionValues & { readonly plan: Int32Array },
): ReconstructedImage[] {
  const { task, shape, pixels, plan } = values;
  return Array.from({ length: pixels.length / imageValues(shape) }, (_, image) => {
    const group = Math.floor(image / task.groupSize);
    const place = image % task.groupSize;
    const planRow = plan.subarray(group * task.planColumns, (group + 1) * task.planColumns);
    const shown = task.shownPatches(planRow, place);
    return {
      original: imageFrom(values, () => image),
      input: imageFrom(values, (patch) => (shown[patch]! < 0 ? undefined : group * task.groupSize + shown[patch]!)),
      reconstruction: filledIn(values, image, (patch) => shown[patch] === place),
    };
  });
}

/** Copies each patch from the image that `sourceOf` names, or leaves it grey. */
export function imageFrom(values: ReconstructionValues, sourceOf: (patch: number) => number | undefined): Picture {
  const { shape, pixels } = values;
  const data = new Uint8Array(imageValues(shape)).fill(HIDDEN);
  forEachPixel(values, (patch, _within, offset) => {
    const source = sourceOf(patch);
    if (source !== undefined) data[offset] = pixels[source * data.length + offset]!;
  });
  return pictureOf(data, shape);
}

function pictureOf(data: Uint8Array, shape: ReconstructionValues["shape"]): Picture {
  return { ...sizeOf(shape.imageSize), data: shownChannels(data, channelsOf(shape)) };
}

/**
 * The seen patches as they are, all others as predicted. Where the model predicts normalised patches, they are brought
 * back with the mean and deviation of the true ones, as MAE's own pictures are: colours are then given, shapes are not.
 */
export function filledIn(values: ReconstructionValues, image: number, seen: (patch: number) => boolean): Picture {
  const { task, shape, pixels, prediction, normalization } = values;
  const { mean, std } = normalization;
  const original = pixels.subarray(image * imageValues(shape), (image + 1) * imageValues(shape));
  const perPatch = patchValues(shape);
  const patches = patchCount(shape);
  const truth = new Float64Array(patches * perPatch);
  forEachPixel(values, (patch, within, offset, channel) => {
    truth[patch * perPatch + within] = (original[offset]! / 255 - mean[channel]!) / std[channel]!;
  });
  const scales = Array.from({ length: patches }, (_, patch) =>
    task.normPixels ? momentsOf(truth.subarray(patch * perPatch, (patch + 1) * perPatch)) : { mean: 0, deviation: 1 },
  );
  const data = Uint8Array.from(original);
  forEachPixel(values, (patch, within, offset, channel) => {
    if (seen(patch)) return;
    const scale = scales[patch]!;
    const predicted = prediction[(image * patches + patch) * perPatch + within]! * scale.deviation + scale.mean;
    data[offset] = Math.round(255 * Math.min(1, Math.max(0, predicted * std[channel]! + mean[channel]!)));
  });
  return pictureOf(data, shape);
}

/** Mean and deviation as the training target has them: unbiased, with 1e-6 inside the root. */
function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance + 1e-6) };
}

/** Calls back with each value's patch, its place within the patch, its place in the image, and its channel. */
function forEachPixel(
  { shape }: ReconstructionValues,
  visit: (patch: number, within: number, offset: number, channel: number) => void,
): void {
  const { patchSize } = shape;
  const { width, height } = sizeOf(shape.imageSize);
  const channels = channelsOf(shape);
  const { columns } = patchGrid(shape);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const patch = Math.floor(y / patchSize) * columns + Math.floor(x / patchSize);
      const within = ((y % patchSize) * patchSize + (x % patchSize)) * channels;
      const offset = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) visit(patch, within + channel, offset + channel, channel);
    }
  }
}
