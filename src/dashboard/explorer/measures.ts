// How well the patches of a mixture find those of their own image, by block and head, and which images they confuse; and
// which patches of other images are most like a patch.

/** One block's attention between patches: [heads, L, L] each. */
export interface BlockAttention {
  readonly attention: Float32Array;
  /** 1 for a key that TopK keeps; null where all are kept. */
  readonly kept: Float32Array | null;
}

export interface BlockMeasures {
  /** Of the keys that patches keep, the share from their own image; of what they attend to, where all are kept. */
  readonly precision: number;
  /** The same head by head. */
  readonly headPrecision: readonly number[];
  /** For patches of each image, the share of their keys from each image: rows that add up to 1. */
  readonly confusion: readonly (readonly number[])[];
}

/** `sources` says which of `g` images each patch comes from. */
export function measureBlock({ attention, kept }: BlockAttention, sources: Int32Array, g: number): BlockMeasures {
  const L = sources.length;
  const heads = attention.length / L ** 2;
  const weights = kept ?? attention;
  const byHead = Array.from({ length: heads }, (_, head) => {
    const counted = new Float64Array(g * g);
    for (let pair = 0; pair < L * L; pair++) {
      const [query, key] = [Math.floor(pair / L), pair % L];
      counted[sources[query]! * g + sources[key]!]! += weights[head * L * L + pair]!;
    }
    return counted;
  });
  const all = byHead.reduce((sum, counted) => sum.map((value, place) => value + counted[place]!));
  const row = (image: number) => all.subarray(image * g, (image + 1) * g);
  return {
    precision: ownShare(all, g),
    headPrecision: byHead.map((counted) => ownShare(counted, g)),
    confusion: Array.from({ length: g }, (_, image) => Array.from(row(image), (value) => value / sumOf(row(image)))),
  };
}

/**
 * A byte for each query and key [heads, L, L]: 0 where the key is not kept, else from 1 to 255, which is the key that
 * the query attends to most.
 */
export function attentionBytes({ attention, kept }: BlockAttention, L: number): Uint8Array {
  const bytes = new Uint8Array(attention.length);
  for (let first = 0; first < attention.length; first += L) {
    const most = attention.subarray(first, first + L).reduce((a, b) => Math.max(a, b), Number.MIN_VALUE);
    for (let place = first; place < first + L; place++) {
      if (kept === null || kept[place]! > 0) bytes[place] = 1 + Math.round((254 * attention[place]!) / most);
    }
  }
  return bytes;
}

/**
 * For each patch, the `count` patches of other images whose features [images, L, width] are most like its own, by cosine,
 * the most alike first: their places in all images.
 */
export function nearestPatches(features: Float32Array, images: number, L: number, count: number): number[][] {
  const rows = images * L;
  const width = features.length / rows;
  const unit = features.slice();
  for (let row = 0; row < rows; row++) {
    const own = unit.subarray(row * width, (row + 1) * width);
    const length = Math.hypot(...own) || 1;
    for (let channel = 0; channel < width; channel++) own[channel]! /= length;
  }
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let channel = 0; channel < width; channel++) sum += unit[a * width + channel]! * unit[b * width + channel]!;
    return sum;
  };
  return Array.from({ length: rows }, (_, row) => {
    const own = Math.floor(row / L);
    const others = Array.from({ length: rows }, (_, place) => place).filter((place) => Math.floor(place / L) !== own);
    const alike = new Map(others.map((place) => [place, cosine(row, place)]));
    return others.sort((a, b) => alike.get(b)! - alike.get(a)!).slice(0, count);
  });
}

/** Of all that was counted [g, g], the share on the diagonal. */
function ownShare(counted: Float64Array, g: number): number {
  return sumOf(counted.filter((_, place) => place % (g + 1) === 0)) / sumOf(counted);
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
