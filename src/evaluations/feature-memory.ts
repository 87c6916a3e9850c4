// Whether the vectors that an evaluation keeps fit into memory, before any of them is computed.

import { pixelCount } from "../data/image-size.js";
import { poolings } from "../heads/features.js";
import { patchCount } from "../nn/presets.js";
import { formatCount } from "../terminal/quantities.js";
import { checkMemory } from "../training/memory-check.js";
import type { PretrainedModel } from "../training/pretrained.js";
import type { ImageProgress } from "./image-progress.js";
import type { LabelledSet } from "./labelled-sets.js";
import type { ModelRequest } from "./model.js";

type Request = Pick<ModelRequest, "memoryCheck">;
type Shaped = Pick<PretrainedModel, "shape">;

/** A vector for each image and pooling. Throws MemoryError. */
export function checkFeatureMemory(
  request: Request,
  sets: readonly LabelledSet[],
  { shape }: Shaped,
  progress: ImageProgress,
): void {
  const images = sets.reduce((sum, { indices }) => sum + indices.length, 0);
  const bytes = images * shape.width * poolings.length * Float32Array.BYTES_PER_ELEMENT;
  check(
    `the features of ${formatCount(images)} images`,
    bytes,
    "--labels-fraction, the number of images",
    request,
    progress,
  );
}

/** How often a patch's vector is held: as it was computed, joined with the others, and in the bank. */
const COPIES = 3;

/** Vectors and matches of all patches. Throws MemoryError. */
export function checkPatchMemory(
  request: Request & { readonly neighbours: number },
  images: { readonly known: number; readonly asked: number },
  { shape }: Shaped,
  progress: ImageProgress,
): void {
  const { imageSize, width } = shape;
  const patches = patchCount(shape);
  const vectors = (images.known + images.asked) * patches * width * Float32Array.BYTES_PER_ELEMENT * COPIES;
  // A similarity and an index, while they are found and once they are in order.
  const matches = images.asked * patches * request.neighbours * 8 * 2;
  const masks = (images.known + images.asked) * pixelCount(imageSize);
  const name = `the patches of ${formatCount(images.known + images.asked)} images`;
  check(name, vectors + matches + masks, "--images, --queries, --neighbours", request, progress);
}

function check(
  name: string,
  bytes: number,
  lower: string,
  { memoryCheck = true }: Request,
  progress: ImageProgress,
): void {
  const { warn } = progress;
  checkMemory([{ name, bytes, lower }], { enabled: memoryCheck, switchOff: "--no-memory-check", warn });
}
