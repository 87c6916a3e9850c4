// Mixing the images of a group patch by patch, and taking the mixed tokens apart again.
//
// Of the notation of docs/methods.md: images of L patches are mixed in groups of g = 1/r, r the mixing ratio, and M says
// which image of its group supplies each patch.
import { range, type Tensor } from "../graph/index.js";
import type { RandomStream } from "../random/index.js";

/**
 * How many mixed images a group of g images gives.
 * - "compose": one, so that the encoder sees as many tokens as MAE does at mask ratio 1 - r;
 * - "full": g, the k-th with M raised by k modulo g (a Latin square), so that every patch of every image is seen exactly
 *   once. Image i is then decoded from mixed image i.
 * What the paper mixes is not known to us exactly: both modes and the default are our choice.
 */
export type MixingMode = "compose" | "full";

/** What becomes of a batch of groups once its assignment is known. Tensors have patches first. */
export interface Mixture {
  /** Which image of its group supplies each patch of each mixed image: int32 [L, mixed images], values in [0, g). */
  readonly M: Tensor;
  /** Images as patches [L, images, n] to mixed images [L, mixed images, n]. Patches never move. */
  mix(patches: Tensor): Tensor;
  /** Tokens of mixed images [L, mixed images, n] to those of each image, `filler` [n] where it was not seen. */
  unmix(tokens: Tensor, filler: Tensor): Tensor;
  /** Gives each image the one token [1, mixed images, n] of the mixed image that it is decoded from. */
  share(token: Tensor): Tensor;
  /** Where an image was not seen: boolean [L, images]. */
  readonly hidden: Tensor;
}

/** One row of the plan, M of a group: a random permutation of the L positions cut into g chunks, chunk i from image i. */
export function drawAssignment(stream: RandomStream, L: number, g: number): Int32Array {
  const assignment = new Int32Array(L);
  const rL = L / g;
  for (const [place, position] of stream.permutation(L).entries()) assignment[position] = Math.floor(place / rL);
  return assignment;
}

/** M of the mixed image that an image, given by its place in the group, is decoded from; from a row of the plan. */
export function assignmentFor(place: number, row: Int32Array, g: number, mode: MixingMode): Int32Array {
  const k = place % mixedImagesOf(g, mode);
  return row.map((source) => (source + k) % g);
}

/** Reads an assignment [groups, L], int32 with values in [0, g). */
export function mixture(assignment: Tensor, g: number, mode: MixingMode): Mixture {
  const [groups, L] = assignment.shape as [number, number];
  const perGroup = mixedImagesOf(g, mode);
  const images = groups * g;
  const M = raised(assignment.transpose([1, 0]), perGroup, g);
  const seen = M.equal(range(g));

  return {
    M: M.reshape([L, groups * perGroup]),
    mix: (patches) => {
      const n = patches.shape[2]!;
      const firstOfGroup = range(groups).mul(g).reshape([1, groups, 1]);
      const firstOfPatch = range(L).mul(images).reshape([L, 1, 1]);
      const rows = M.add(firstOfGroup).add(firstOfPatch);
      return patches.reshape([-1, n]).gather(rows.reshape([L, groups * perGroup]));
    },
    unmix: (tokens, filler) => {
      const n = tokens.shape[2]!;
      const byGroup = tokens.reshape([L, groups, perGroup, n]);
      return seen.reshape([L, groups, g, 1]).select(byGroup, filler).reshape([L, images, n]);
    },
    share: (token) => {
      const n = token.shape[2]!;
      return token.reshape([1, groups, perGroup, n]).expand([1, groups, g, n]).reshape([1, images, n]);
    },
    hidden: seen.not().reshape([L, images]),
  };
}

/** What groups have [groups, 1] as the mixed images that are made of them have it [mixed images]. */
export function byMixedImage(values: Tensor, g: number, mode: MixingMode): Tensor {
  const groups = values.shape[0]!;
  return values.expand([groups, mixedImagesOf(g, mode)]).reshape([-1]);
}

/** Whether two patches are homologous, from the same image, for M [L, mixed images]: boolean [mixed images, L, L]. */
export function homologousPairs(M: Tensor): Tensor {
  const [L, mixed] = M.shape as [number, number];
  const byImage = M.transpose([1, 0]);
  return byImage.reshape([mixed, L, 1]).equal(byImage.reshape([mixed, 1, L]));
}

function mixedImagesOf(g: number, mode: MixingMode): number {
  return mode === "compose" ? 1 : g;
}

/** An assignment [L, groups] for each mixed image of a group, the k-th raised by k modulo g: [L, groups, perGroup]. */
function raised(assignment: Tensor, perGroup: number, g: number): Tensor {
  const sum = assignment.reshape([...assignment.shape, 1]).add(range(perGroup));
  return sum.less(g).select(sum, sum.sub(g));
}
