// Features of a set, computed once for all evaluations of an encoder.

import type { LabelledSet } from "../evaluation/labelled-sets.js";
import { fingerprint } from "../evaluation/model.js";
import { featuresOf, type SetFeatures } from "../evaluation/set-features.js";
import type { Pooling } from "../tasks/features.js";

type WholeSet = SetFeatures & { readonly rowOf: ReadonlyMap<number, number> };

/** What is kept at most; the set that was asked for longest ago goes first. */
const BUDGET = 2 ** 30;

/** Of each set and encoder, all images are computed at the first request for any of them. */
export function cachedFeatures(): typeof featuresOf {
  const sets = new Map<string, WholeSet>();

  return async (set, label, model, extractor, progress) => {
    const key = `${fingerprint(model)} ${set.id}`;
    const found = sets.get(key) ?? (await computeAll(set, label, model, extractor, progress));
    sets.delete(key);
    sets.set(key, found);
    for (const oldest of sets.keys()) {
      if (totalBytes(sets) <= BUDGET || oldest === key) break;
      sets.delete(oldest);
    }
    return selected(set, found, model.shape.width);
  };
}

const computeAll = async (...[set, ...others]: Parameters<typeof featuresOf>): Promise<WholeSet> => {
  const { source } = set;
  const indices = Int32Array.from({ length: source.count }, (_, index) => index);
  const found = await featuresOf({ ...set, indices }, ...others);
  const missing = new Set(found.skipped);
  const read = [...indices].filter((index) => !missing.has(source.name(index)));
  return { ...found, rowOf: new Map(read.map((index, row) => [index, row])) };
};

function totalBytes(sets: ReadonlyMap<string, WholeSet>): number {
  return [...sets.values()].reduce((sum, { features }) => sum + features.mean.byteLength + features.cls.byteLength, 0);
}

function selected(
  { indices, source, labelOf }: LabelledSet,
  { features, rowOf }: WholeSet,
  width: number,
): SetFeatures {
  const read = indices.filter((index) => rowOf.has(index));
  const gather = (pooling: Pooling) => {
    const rows = new Float32Array(read.length * width);
    for (const [place, index] of read.entries()) {
      const row = rowOf.get(index)!;
      rows.set(features[pooling].subarray(row * width, (row + 1) * width), place * width);
    }
    return rows;
  };
  return {
    features: { mean: gather("mean"), cls: gather("cls") },
    labels: read.map(labelOf),
    skipped: [...indices].filter((index) => !rowOf.has(index)).map((index) => source.name(index)),
  };
}
