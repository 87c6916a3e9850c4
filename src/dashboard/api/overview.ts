// What the server tells first, and when something changes.

import type { EmbeddingRow } from "./embeddings.js";
import type { RunRow } from "./runs.js";
import type { StudyRow } from "./studies.js";

export interface Overview {
  readonly version: string;
  readonly folders: readonly string[];
  readonly runs: readonly RunRow[];
  readonly studies: readonly StudyRow[];
  readonly embeddings: readonly EmbeddingRow[];
  /** What was left out and why, such as links that lead out of the folders. */
  readonly notes: readonly string[];
}

/** What has changed since the last message. */
export interface Change {
  readonly runs: readonly RunRow[];
  readonly studies: readonly StudyRow[];
  readonly embeddings: readonly EmbeddingRow[];
  /** Ids of what is no longer there. */
  readonly gone: readonly string[];
}
