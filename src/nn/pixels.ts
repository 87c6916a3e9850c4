// From stored images to what a model sees: scaled, normalised pixels.
import { constant, type Tensor } from "../graph/index.js";

/** What pixels are normalised with. */
export interface Normalization {
  /** Mean and standard deviation of each channel (red, green, blue), of values in [0, 1]. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Images [..., 3] of dtype uint8 to float32 values (x / 255 - mean) / std. */
export function normalizePixels(images: Tensor, { mean, std }: Normalization): Tensor {
  const scale = std.map((deviation) => 1 / (255 * deviation));
  const shift = mean.map((value, channel) => -value / std[channel]!);
  return images
    .cast("float32")
    .mul(constant(scale, [3]))
    .add(constant(shift, [3]));
}
