// Drop path: in training, whole residual branches are left out for some of the images.
import type { RandomStream } from "../random/index.js";

/**
 * What the two branches of each block are multiplied by for one image, [depth, 2]: 0, or 1 over the chance of not being
 * 0. That of being 0 rises linearly from 0 in the first block to `rate` in the last [Huang et al., "Deep Networks with
 * Stochastic Depth", ECCV 2016, in the form of DeiT and MAE].
 */
export function drawBranchScales(stream: RandomStream, depth: number, rate: number): Float32Array {
  const scales = new Float32Array(2 * depth);
  for (let block = 0; block < depth; block++) {
    const dropped = depth === 1 ? rate : (rate * block) / (depth - 1);
    for (const branch of [0, 1]) {
      scales[2 * block + branch] = stream.uniform() < dropped ? 0 : 1 / (1 - dropped);
    }
  }
  return scales;
}
