// Opens a set of images while somebody watches: a large one takes its time to be listed.

import { type ImageSource, openSource, type Split } from "../data/index.js";
import type { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";

export interface Watcher {
  readonly progress: { readonly line: ProgressLine };
  /** Aborted, it ends the listing with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws `SourceError`, and the signal's reason. */
export function openImages(
  path: string | readonly string[],
  split: Split,
  watcher: Watcher | undefined,
): Promise<ImageSource> {
  if (watcher === undefined) return openSource(path, { split });
  const { progress, signal } = watcher;
  return new Waiting(progress.line, signal).during("Listing images", (count) =>
    openSource(path, { split, onListing: (files) => count(files), ...(signal && { signal }) }),
  );
}
