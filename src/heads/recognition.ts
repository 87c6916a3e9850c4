// Homologous recognition by a frozen encoder: whether the patches of a mixture that are alike are of one image.
import { sizeOf } from "../data/image-size.js";
import { type EncoderShape, patchGrid } from "../nn/presets.js";

/**
 * Mixes the images of a group patch by patch. group: bytes [images, height, width, channels]; sources [patches] says which image
 * supplies each patch, row by row. Returns [height, width, channels]; patches stay in their places.
 */
export function mixPixels(
  group: Uint8Array,
  sources: ArrayLike<number>,
  shape: Pick<EncoderShape, "imageSize" | "patchSize" | "channels">,
): Uint8Array {
  const { patchSize, channels = 3 } = shape;
  const { width, height } = sizeOf(shape.imageSize);
  const { columns } = patchGrid(shape);
  const mixed = new Uint8Array(height * width * channels);
  const run = patchSize * channels;
  for (let patch = 0; patch < sources.length; patch++) {
    const image = sources[patch]! * mixed.length;
    const [top, left] = [Math.floor(patch / columns) * patchSize, (patch % columns) * patchSize];
    for (let row = top; row < top + patchSize; row++) {
      const place = (row * width + left) * channels;
      mixed.set(group.subarray(image + place, image + place + run), place);
    }
  }
  return mixed;
}

/** Patches that are compared with each patch of a mixture: as many as the least that an image supplies beside it. */
export function comparedPatches(patches: number, images: number): number {
  return Math.floor(patches / images) - 1;
}

/**
 * The share of pairs in which both patches are of one image. nearest: for each patch of a mixture the places of the
 * patches that its features are most like, `nearest.length / sources.length` of them.
 */
export function homologousShare(nearest: ArrayLike<number>, sources: ArrayLike<number>): number {
  const compared = nearest.length / sources.length;
  let homologous = 0;
  for (let pair = 0; pair < nearest.length; pair++) {
    if (sources[nearest[pair]!] === sources[Math.floor(pair / compared)]) homologous++;
  }
  return homologous / nearest.length;
}

/** The share that patches drawn blindly reach: of two different patches, how often both are of one image. */
export function homologousChance(sources: ArrayLike<number>): number {
  const supplied = new Map<number, number>();
  for (let patch = 0; patch < sources.length; patch++) {
    supplied.set(sources[patch]!, (supplied.get(sources[patch]!) ?? 0) + 1);
  }
  const pairs = [...supplied.values()].reduce((sum, count) => sum + count * (count - 1), 0);
  return pairs / (sources.length * (sources.length - 1));
}
