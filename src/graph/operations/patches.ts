// Images as rows of patches, and convolution with a kernel that steps by its own size.
import { ProgramError } from "../errors.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { linear } from "./matmul.js";

/**
 * Images [batch, height, width, channels] as [patches, batch, size * size * channels]: patches row by row, each in
 * (row, column, channel) order. Patches come first because they become tokens, which do.
 */
export function patchify(images: Tensor, size: number): Tensor {
  const [batch, height, width, channels] = images.shape;
  if (images.rank !== 4 || !Number.isInteger(size) || size < 1 || height! % size !== 0 || width! % size !== 0) {
    throw new ProgramError(`patchify: ${images} does not divide into patches of ${size} x ${size}`);
  }
  const [rows, columns] = [height! / size, width! / size];
  return images
    .reshape([batch!, rows, size, columns, size, channels!])
    .transpose([1, 3, 0, 2, 4, 5])
    .reshape([rows * columns, batch!, size * size * channels!]);
}

/**
 * Convolution with stride equal to the kernel, on patches [..., size * size * channels] as `patchify` gives them:
 * weight [width, channels, size, size], bias [width]; result [..., width].
 */
export function patchConvolution(patches: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [width, channels, size] = weight.shape;
  if (weight.rank !== 4 || patches.shape.at(-1) !== channels! * size! * size!) {
    throw new ProgramError(`patchConvolution: ${patches} does not fit a kernel of ${formatShape(weight.shape)}`);
  }
  return linear(patches, weight.transpose([0, 2, 3, 1]).reshape([width!, -1]), bias);
}
