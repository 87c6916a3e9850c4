// Mixing the images of a group patch by patch, and taking the mixed tokens apart again.
import { range, type Tensor } from "../graph/index.js";
import type { RandomStream } from "../random/index.js";

/**
 * How many mixed images a group of g images gives.
 * - "compose": one, so that the encoder sees as many tokens as MAE does at mask ratio 1 - 1/g;
 * - "full": g, the k-th with every source number raised by k modulo g (a Latin square), so that every patch of every
 *   image is seen exactly once. Source i is then decoded from mixed image i.
 * What the paper mixes is not known to us exactly: both modes and the default are our choice.
 */
export type MixingMode = "compose" | "full";

/** What becomes of a batch of groups once its assignment is known. Tensors have patches first. */
export interface Mixture {
  /** Which image of its group supplies each patch of each mixed image: int32 [patches, mixed images]. */
  readonly sources: Tensor;
  /** Images as patches [patches, images, n] to mixed images [patches, mixed images, n]. Patches never move. */
  mix(patches: Tensor): Tensor;
  /** Tokens of mixed images [patches, mixed images, n] to those of each image, `filler` [n] where it was not seen. */
  unmix(tokens: Tensor, filler: Tensor): Tensor;
  /** Gives each image the one token [1, mixed images, n] of the mixed image that it is decoded from. */
  share(token: Tensor): Tensor;
  /** Where an image was not seen: boolean [patches, images]. */
  readonly hidden: Tensor;
}

/** One row of the plan: a random permutation of the positions cut into g chunks, chunk i supplied by image i. */
export function drawAssignment(stream: RandomStream, patches: number, groupSize: number): Int32Array {
  const assignment = new Int32Array(patches);
  const chunk = patches / groupSize;
  for (const [place, position] of stream.permutation(patches).entries()) {
    assignment[position] = Math.floor(place / chunk);
  }
  return assignment;
}

/** Reads an assignment [groups, patches], int32 with values in [0, groupSize). */
export function mixture(assignment: Tensor, groupSize: number, mode: MixingMode): Mixture {
  const [groups, patches] = assignment.shape as [number, number];
  const perGroup = mode === "compose" ? 1 : groupSize;
  const images = groups * groupSize;
  const sources = raisedByMixedImage(assignment.transpose([1, 0]), perGroup, groupSize);
  const seen = sources.equal(range(groupSize));

  return {
    sources: sources.reshape([patches, groups * perGroup]),
    mix: (pixels) => {
      const n = pixels.shape[2]!;
      const firstOfGroup = range(groups).mul(groupSize).reshape([1, groups, 1]);
      const firstOfPatch = range(patches).mul(images).reshape([patches, 1, 1]);
      const rows = sources.add(firstOfGroup).add(firstOfPatch);
      return pixels.reshape([-1, n]).gather(rows.reshape([patches, groups * perGroup]));
    },
    unmix: (tokens, filler) => {
      const n = tokens.shape[2]!;
      const byGroup = tokens.reshape([patches, groups, perGroup, n]);
      const mask = seen.reshape([patches, groups, groupSize, 1]);
      return mask.select(byGroup, filler).reshape([patches, images, n]);
    },
    share: (token) => {
      const n = token.shape[2]!;
      return token.reshape([1, groups, perGroup, n]).expand([1, groups, groupSize, n]).reshape([1, images, n]);
    },
    hidden: seen.not().reshape([patches, images]),
  };
}

/** An assignment [patches, groups] for each mixed image of a group: [patches, groups, perGroup]. */
function raisedByMixedImage(assignment: Tensor, perGroup: number, groupSize: number): Tensor {
  const raised = assignment.reshape([...assignment.shape, 1]).add(range(perGroup));
  return raised.less(groupSize).select(raised, raised.sub(groupSize));
}
