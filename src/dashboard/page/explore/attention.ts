// What a patch of a mixture attends to, from the bytes that the server sends: right, wrong, missed, and how strongly.

import type { ExploredImages, ExploredMixture } from "../../api.js";

/** One head of a block by its index, or all of them together. */
export type Head = number | "all";

/** What a patch is to the one that is looked at; marked are those that it keeps. */
export type Verdict = "self" | "right" | "wrong" | "missed" | "other";

export interface SeenPatch {
  readonly verdict: Verdict;
  /** From 0 to 1, what the looked-at patch attends to most. */
  readonly strength: number;
}

/** A mixture whose bytes are unpacked. */
export interface Unpacked extends ExploredMixture {
  readonly patches: number;
  readonly rows: number;
  readonly columns: number;
  /** By block: [heads, patches, patches]. */
  readonly weights: readonly Uint8Array[];
}

export function unpack(found: ExploredMixture): Unpacked {
  const { imageSize, patchSize, sources, blocks } = found;
  return {
    ...found,
    patches: sources.length,
    rows: imageSize.height / patchSize,
    columns: imageSize.width / patchSize,
    weights: blocks.map(({ attention }) => bytesOf(attention)),
  };
}

/** Single images whose bytes are unpacked. */
export interface UnpackedImages extends ExploredImages {
  readonly rows: number;
  readonly columns: number;
  /** By block: [images, heads, patches, patches]. */
  readonly weights: readonly Uint8Array[];
}

export function unpackImages(found: ExploredImages): UnpackedImages {
  const { imageSize, patchSize, blocks } = found;
  return {
    ...found,
    rows: imageSize.height / patchSize,
    columns: imageSize.width / patchSize,
    weights: blocks.map(bytesOf),
  };
}

/** How strongly a patch of an image attends to each patch of it, from 0 to 1: most to what it attends to most. */
export function strengthsFrom(
  { weights, heads, rows, columns }: UnpackedImages,
  image: number,
  patch: number,
  block: number,
  head: Head,
): number[] {
  const patches = rows * columns;
  const chosen = head === "all" ? Array.from({ length: heads }, (_, each) => each) : [head];
  const sums = new Array<number>(patches).fill(0);
  for (const each of chosen) {
    const first = ((image * heads + each) * patches + patch) * patches;
    for (let place = 0; place < patches; place++) sums[place]! += weights[block]![first + place]!;
  }
  const most = Math.max(...sums);
  return sums.map((sum) => sum / most);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** "A" of image 0. */
export function letterOf(image: number): string {
  return String.fromCharCode(65 + image);
}

/** The block and head in which patches find those of their own image most often; of those with TopK, if there are any. */
export function clearest({ blocks }: ExploredMixture): { readonly block: number; readonly head: number } {
  const hasTop = blocks.some(({ keepsTop }) => keepsTop);
  const all = blocks.flatMap(({ headPrecision, keepsTop }, block) =>
    headPrecision.flatMap((precision, head) => (keepsTop === hasTop ? { block, head, precision } : [])),
  );
  return all.reduce((best, one) => (one.precision > best.precision ? one : best));
}

/**
 * Of all patches, for one that is looked at. Where a block keeps all of them, those count as kept that it attends to
 * most, as many as are of its image; with all heads together, those that at least half of the heads keep.
 */
export function seenFrom(found: Unpacked, patch: number, block: number, head: Head): SeenPatch[] {
  const { sources, heads } = found;
  const chosen = head === "all" ? Array.from({ length: heads }, (_, each) => each) : [head];
  const rows = chosen.map((each) => rowOf(found, patch, block, each));
  const own = sources[patch];
  return sources.map((source, place) => {
    const strength = rows.reduce((sum, { bytes }) => sum + bytes[place]!, 0) / (255 * rows.length);
    const isKept = 2 * rows.filter(({ kept }) => kept[place]).length >= rows.length;
    const isOwn = source === own;
    const verdict = isKept ? (isOwn ? "right" : "wrong") : isOwn ? "missed" : "other";
    return { verdict: place === patch ? "self" : verdict, strength };
  });
}

function rowOf({ weights, blocks, patches, sources }: Unpacked, patch: number, block: number, head: number) {
  const first = (head * patches + patch) * patches;
  const bytes = weights[block]!.subarray(first, first + patches);
  if (blocks[block]!.keepsTop) return { bytes, kept: Array.from(bytes, (byte) => byte > 0) };
  const count = patches / new Set(sources).size;
  const order = Array.from(bytes.keys()).sort((a, b) => bytes[b]! - bytes[a]!);
  const top = new Set(order.slice(0, count));
  return { bytes, kept: Array.from(bytes, (_, place) => top.has(place)) };
}

/** Of other patches, how many are kept from each image. */
export function countsByImage(seen: readonly SeenPatch[], sources: readonly number[]): number[] {
  const counts = new Array<number>(Math.max(...sources) + 1).fill(0);
  for (const [place, { verdict }] of seen.entries()) {
    if (verdict === "right" || verdict === "wrong") counts[sources[place]!]!++;
  }
  return counts;
}
