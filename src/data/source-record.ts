// The identity of a set of images: what it holds, and what each image was like when it was read.

import type { Container, ImageSource } from "./image-source.js";
import type { ImageStamps } from "./image-stamps.js";
import { sharedName } from "./shared-names.js";

/** What a run keeps of its set, to find out later what was added, removed, renamed or changed. */
export interface SourceRecord {
  readonly kind: ImageSource["kind"];
  readonly containers: readonly Container[];
  /** In the order of the set. */
  readonly names: readonly string[];
  /** One entry a name; a size of 0 for images that were not read yet. Null for an IDX set, which has no files of its own. */
  readonly stamps: ImageStamps | null;
}

/** The record of a set as far as it was read: it shares the set's stamps, which go on changing while images are read. */
export function recordSource(source: ImageSource): SourceRecord {
  const { kind, containers, count, table } = source;
  const names = table.kind === "pixels" ? [] : Array.from({ length: count }, (_, index) => nameOf(source, index));
  return { kind, containers, names, stamps: table.kind === "pixels" ? null : table.stamps };
}

/** A name as it is known in the set: of a folder, the path in it. */
function nameOf({ table, name }: ImageSource, index: number): string {
  return table.kind === "files" ? sharedName(table.names, index) : name(index);
}
