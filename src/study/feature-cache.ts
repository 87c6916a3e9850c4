// Features of a set, computed once for all evaluations of an encoder.

import type { LabelledSet } from "../evaluations/labelled-sets.js";
import { fingerprint } from "../evaluations/model.js";
import { type FeaturesOf, featuresOf, type SetFeatures } from "../evaluations/set-features.js";
import type { Features, Pooling } from "../heads/features.js";

/** By the number of the image in its source; null for an image that could not be read. */
type KnownFeatures = Map<number, Features | null>;

/** What is kept at most; the set that was asked for longest ago goes first. */
const BUDGET = 2 ** 30;

/** Of each set and encoder, only images that no request had before are computed. */
export function cachedFeatures(): FeaturesOf {
  const sets = new Map<string, KnownFeatures>();

  return async (set, label, model, extractor, progress) => {
    const key = `${fingerprint(model)} ${set.id}`;
    const known: KnownFeatures = sets.get(key) ?? new Map();
    const indices = set.indices.filter((index) => !known.has(index));
    if (indices.length > 0) {
      const missing = { ...set, indices };
      addFeatures(known, missing, await featuresOf(missing, label, model, extractor, progress), model.shape.width);
    }
    sets.delete(key);
    sets.set(key, known);
    for (const oldest of sets.keys()) {
      if (totalBytes(sets) <= BUDGET || oldest === key) break;
      sets.delete(oldest);
    }
    return gather(set, known, model.shape.width);
  };
}

function addFeatures(
  known: KnownFeatures,
  { indices, source }: LabelledSet,
  { features, skipped }: SetFeatures,
  width: number,
): void {
  const unreadable = new Set(skipped);
  let row = 0;
  for (const index of indices) {
    if (unreadable.has(source.name(index))) {
      known.set(index, null);
      continue;
    }
    const rowOf = (pooling: Pooling) => features[pooling].subarray(row * width, (row + 1) * width);
    known.set(index, { mean: rowOf("mean"), cls: rowOf("cls") });
    row += 1;
  }
}

function totalBytes(sets: ReadonlyMap<string, KnownFeatures>): number {
  let bytes = 0;
  for (const known of sets.values()) {
    for (const features of known.values()) bytes += features === null ? 0 : 2 * features.mean.byteLength;
  }
  return bytes;
}

function gather({ indices, source, labelOf }: LabelledSet, known: KnownFeatures, width: number): SetFeatures {
  const read = indices.filter((index) => known.get(index) !== null);
  const stack = (pooling: Pooling) => {
    const rows = new Float32Array(read.length * width);
    for (const [place, index] of read.entries()) rows.set(known.get(index)![pooling], place * width);
    return rows;
  };
  return {
    features: { mean: stack("mean"), cls: stack("cls") },
    labels: read.map(labelOf),
    skipped: [...indices].filter((index) => known.get(index) === null).map((index) => source.name(index)),
  };
}
