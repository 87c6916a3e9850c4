// A line of the list of embeddings, from its description alone.

import { statSync } from "node:fs";
import { featurePaths, readDescription } from "../../evaluations/feature-description.js";
import type { EmbeddingRow } from "../api.js";
import type { Place } from "../find-places.js";
import { insideOf } from "../inside.js";
import { stampOf } from "../run-files.js";

/** Tells what is at a place from what was there earlier; undefined where one of its files leads out of the folders. */
export function embeddingStamp({ path, within }: Place): string | undefined {
  const { npy, jsonl, json } = featurePaths(path);
  const files = [npy, jsonl, json].map((file) => insideOf(within, file));
  return files.includes(undefined) ? undefined : files.map(stampOf).join(" ");
}

/** Never throws: an embedding that cannot be read says why. */
export function embeddingRow(place: Place): EmbeddingRow {
  const { id, name } = place;
  const unknown = { images: 0, width: 0, pooling: "", origin: "", source: [] };
  try {
    if (embeddingStamp(place) === undefined) {
      throw new Error("Its files are not all in the folders that are shown.");
    }
    const { json } = featurePaths(place.path);
    const { count, width, pooling, origin, source } = readDescription(json);
    const lastActive = statSync(json).mtime.toISOString();
    return { id, name, images: count, width, pooling, origin, source: [source].flat(), problem: null, lastActive };
  } catch (error) {
    return { id, name, ...unknown, problem: (error as Error).message, lastActive: null };
  }
}
