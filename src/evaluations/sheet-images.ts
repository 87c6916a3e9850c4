// The images of an embedding as a contact sheet shows them: large enough to be recognised, with their names.

import { type Color, openSource, readImages } from "../data/index.js";
import { leastCellSize, type Picture } from "../pictures/sheet.js";
import { EvaluationError } from "./errors.js";
import type { FeatureDescription } from "./feature-description.js";
import type { FeatureLine } from "./feature-lines.js";

/** A picture of each image by its index; none of those that can no longer be read. */
export type SheetImages = ReadonlyMap<number, Picture>;

/** Throws EvaluationError where the images are no longer those that were embedded, SourceError. */
export async function readSheetImages(
  { source, split, images }: FeatureDescription,
  shown: readonly FeatureLine[],
  background?: Color,
): Promise<SheetImages> {
  const opened = await openSource(source, { split });
  const moved = shown.find(({ index, name }) => index >= opened.count || opened.name(index) !== name);
  if (moved !== undefined || opened.count !== images) {
    throw new EvaluationError({
      expected: `the ${images} images that were embedded at ${[source].flat().join(", ")}`,
      found: moved === undefined ? `${opened.count}` : `another image in the place of ${moved.name}`,
      remedy: "Leave the sheet out, or embed the images again",
    });
  }
  const indices = [...new Set(shown.map(({ index }) => index))];
  const read = await readImages({ source: opened, indices }, { ...viewOf(background), onSkip: () => {} });
  return new Map(read.map(({ index, pixels }) => [index, pictureOf(pixels)]));
}

/** Pictures of image files. Throws UnreadableImageError. */
export async function readSheetFiles(paths: readonly string[], background?: Color): Promise<Picture[]> {
  return (await readImages(paths, viewOf(background))).map(({ pixels }) => pictureOf(pixels));
}

/** Larger than the encoder sees them: a person has to recognise them. */
function viewOf(background: Color | undefined) {
  return { imageSize: leastCellSize, ...(background && { background }) };
}

function pictureOf(data: Uint8Array): Picture {
  return { width: leastCellSize, height: leastCellSize, data };
}
