// Opens a set of images while somebody watches: a large one takes its time to be listed.

import { type ImageSource, openSource, type Split } from "../data/index.js";
import type { Waits } from "../terminal/waiting.js";

/** Throws `SourceError`, and the reason of a signal that ended it. */
export function openImages(
  path: string | readonly string[],
  split: Split,
  waits: Waits | undefined,
): Promise<ImageSource> {
  if (waits === undefined) return openSource(path, { split });
  const { signal } = waits;
  return waits.during("Listing images", (count) =>
    openSource(path, { split, onListing: (files) => count(files), ...(signal && { signal }) }),
  );
}
