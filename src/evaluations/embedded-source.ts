// The images that an embedding was made of, to be looked at again: refused where they are no longer the same.

import { type ImageSource, openSource } from "../data/index.js";
import { EvaluationError } from "./errors.js";
import type { FeatureDescription } from "./feature-description.js";
import type { FeatureLine } from "./feature-lines.js";

export interface EmbeddedSource {
  /** The images of some lines, each once. Throws EvaluationError where another one is in the place of one of them. */
  select(lines: readonly FeatureLine[]): { readonly source: ImageSource; readonly indices: readonly number[] };
}

/** Throws EvaluationError where there are more or fewer images than were embedded, SourceError. */
export async function openEmbeddedSource({
  source: paths,
  split,
  images,
}: FeatureDescription): Promise<EmbeddedSource> {
  const source = await openSource(paths, { split });
  const others = (found: string) =>
    new EvaluationError({
      expected: `the ${images} images that were embedded at ${[paths].flat().join(", ")}`,
      found,
      remedy: "Put them back as they were, or embed the images again",
    });
  if (source.count !== images) throw others(`${source.count}`);
  return {
    select(lines) {
      const moved = lines.find(({ index, name }) => index >= images || source.name(index) !== name);
      if (moved !== undefined) throw others(`another image in the place of ${moved.name}`);
      return { source, indices: [...new Set(lines.map(({ index }) => index))] };
    },
  };
}
