// The images of an embedding as a contact sheet shows them: large enough to be recognised, with their names.

import { type Color, openSource, readImages } from "../data/index.js";
import { leastCellSize, type Picture } from "../pictures/sheet.js";
import { shownChannels } from "../pictures/shown-channels.js";
import { EvaluationError } from "./errors.js";
import type { FeatureDescription } from "./feature-description.js";
import type { FeatureLine } from "./feature-lines.js";

/** As what a person is to see them. */
export interface SheetView {
  /** Those that the encoder sees. */
  readonly channels: number;
  /** Default: white. */
  readonly background?: Color;
}

/** A picture of each image by its index; none of those that can no longer be read. */
export type SheetImages = ReadonlyMap<number, Picture>;

/** Throws EvaluationError where the images are no longer those that were embedded, SourceError. */
export async function readSheetImages(
  { source, split, images }: FeatureDescription,
  shown: readonly FeatureLine[],
  view: SheetView,
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
  const read = await readImages({ source: opened, indices }, { ...readingOf(view), onSkip: () => {} });
  return new Map(read.map(({ index, pixels }) => [index, pictureOf(pixels, view)]));
}

/** Pictures of image files. Throws UnreadableImageError. */
export async function readSheetFiles(paths: readonly string[], view: SheetView): Promise<Picture[]> {
  return (await readImages(paths, readingOf(view))).map(({ pixels }) => pictureOf(pixels, view));
}

/** Larger than the encoder sees them: a person has to recognise them. */
function readingOf({ channels, background }: SheetView) {
  return { imageSize: leastCellSize, channels, ...(background && { background }) };
}

function pictureOf(pixels: Uint8Array, { channels }: SheetView): Picture {
  return { width: leastCellSize, height: leastCellSize, data: shownChannels(pixels, channels) };
}
