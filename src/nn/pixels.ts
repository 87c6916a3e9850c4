// From stored images to what a model sees: scaled, normalised pixels.
import { constant, type Tensor } from "../graph/index.js";

/** What pixels are normalised with. */
export interface Normalization {
  /** Mean and standard deviation of each channel (of three: red, green, blue), of values in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Images [..., channels] of dtype uint8 to float32 values (x / 255 - mean) / std. Throws RangeError for other channels. */
export function normalizePixels(images: Tensor, { mean, std }: Normalization): Tensor {
  const channels = images.shape.at(-1)!;
  if (mean.length !== channels || std.length !== channels) {
    throw new RangeError(
      `normalizePixels: expected a mean and a deviation for each of ${channels} channels; found ${mean.length} and ${std.length}`,
    );
  }
  const scale = std.map((deviation) => 1 / (255 * deviation));
  const shift = mean.map((value, channel) => -value / std[channel]!);
  return images
    .cast("float32")
    .mul(constant(scale, [channels]))
    .add(constant(shift, [channels]));
}

/** What each channel has where an image does not reach: the mean of the pixels, which is 0 once they are normalised. */
export function meanPixel({ mean }: Normalization): number[] {
  return mean.map((share) => Math.round(255 * Math.min(1, Math.max(0, share))));
}
