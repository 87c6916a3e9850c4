// Picture sheets of what a model makes of images: original, what the encoder saw, reconstruction.
import type { Method } from "../methods/method.js";
import type { Normalization } from "../nn/pixels.js";
import { type Picture, renderSheet } from "./pictures.js";

export interface Reconstructions {
  readonly method: Method;
  readonly imageSize: number;
  readonly patchSize: number;
  /** Original images [batch, imageSize, imageSize, 3]. */
  readonly pixels: Uint8Array;
  /** [groups, planColumns]. */
  readonly plan: Int32Array;
  /** The decoder's output [batch, patches, patchSize * patchSize * 3]. */
  readonly prediction: Float32Array;
  /** Whether predictions are of patches normalised by their own mean and deviation. */
  readonly normPixels: boolean;
  readonly normalization: Normalization;
  readonly caption: string;
}

/** Where the encoder saw nothing. */
const HIDDEN = 128;

/** One row for each image, as a PNG file. */
export async function reconstructionSheet(values: Reconstructions): Promise<Uint8Array> {
  const { method, imageSize, pixels, plan, caption } = values;
  const imageBytes = imageSize ** 2 * 3;
  const rows: Picture[][] = [];
  for (let image = 0; image < pixels.length / imageBytes; image++) {
    const group = Math.floor(image / method.groupSize);
    const place = image % method.groupSize;
    const planRow = plan.subarray(group * method.planColumns, (group + 1) * method.planColumns);
    const shown = method.shownPatches(planRow, place);
    const reconstruction = reconstructed(values, image);
    rows.push([
      imageFrom(values, () => image),
      imageFrom(values, (patch) => (shown[patch]! < 0 ? undefined : group * method.groupSize + shown[patch]!)),
      reconstruction,
      withSeen(values, reconstruction, image, (patch) => shown[patch] === place),
    ]);
  }
  const input = method.groupSize > 1 ? "mixed input" : "masked input";
  return renderSheet({ titles: ["original", input, "reconstruction", "with the seen patches"], rows, caption });
}

/** Copies each patch from the image that `sourceOf` names, or leaves it grey. */
function imageFrom(values: Reconstructions, sourceOf: (patch: number) => number | undefined): Picture {
  const { imageSize, pixels } = values;
  const data = new Uint8Array(imageSize ** 2 * 3).fill(HIDDEN);
  forEachPixel(values, (patch, _within, offset) => {
    const source = sourceOf(patch);
    if (source !== undefined) data[offset] = pixels[source * data.length + offset]!;
  });
  return { width: imageSize, height: imageSize, data };
}

function withSeen(values: Reconstructions, base: Picture, image: number, seen: (patch: number) => boolean): Picture {
  const data = Uint8Array.from(base.data);
  forEachPixel(values, (patch, _within, offset) => {
    if (seen(patch)) data[offset] = values.pixels[image * data.length + offset]!;
  });
  return { ...base, data };
}

/** Predicted pixels of an image, brought back from the normalised values that the model predicts. */
function reconstructed(values: Reconstructions, image: number): Picture {
  const { imageSize, patchSize, pixels, prediction, normPixels, normalization } = values;
  const data = new Uint8Array(imageSize ** 2 * 3);
  const patchValues = patchSize ** 2 * 3;
  const patches = (imageSize / patchSize) ** 2;
  const seen = new Float64Array(patches * patchValues);
  forEachPixel(values, (patch, within, offset) => {
    const channel = offset % 3;
    const value = pixels[image * data.length + offset]! / 255;
    seen[patch * patchValues + within] = (value - normalization.mean[channel]!) / normalization.std[channel]!;
  });
  const statistics = Array.from({ length: patches }, (_, patch) =>
    normPixels ? momentsOf(seen.subarray(patch * patchValues, (patch + 1) * patchValues)) : { mean: 0, deviation: 1 },
  );
  forEachPixel(values, (patch, within, offset) => {
    const { mean, deviation } = statistics[patch]!;
    const predicted = prediction[(image * patches + patch) * patchValues + within]! * deviation + mean;
    const channel = offset % 3;
    const value = predicted * normalization.std[channel]! + normalization.mean[channel]!;
    data[offset] = Math.round(255 * Math.min(1, Math.max(0, value)));
  });
  return { width: imageSize, height: imageSize, data };
}

/** Mean and deviation as the training target has them: unbiased, with 1e-6 inside the root. */
function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance + 1e-6) };
}

/** Calls back with each value's patch, its place within the patch (row, column, channel) and its place in the image. */
function forEachPixel(
  { imageSize, patchSize }: Reconstructions,
  visit: (patch: number, within: number, offset: number) => void,
): void {
  const grid = imageSize / patchSize;
  for (let y = 0; y < imageSize; y++) {
    for (let x = 0; x < imageSize; x++) {
      const patch = Math.floor(y / patchSize) * grid + Math.floor(x / patchSize);
      const within = ((y % patchSize) * patchSize + (x % patchSize)) * 3;
      for (let channel = 0; channel < 3; channel++) visit(patch, within + channel, (y * imageSize + x) * 3 + channel);
    }
  }
}
