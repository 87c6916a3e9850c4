// The images of an embedding as a contact sheet shows them: large enough to be recognised, with their names.

import { type Color, readImages } from "../data/index.js";
import { leastCellSize, type Picture } from "../pictures/sheet.js";
import { shownChannels } from "../pictures/shown-channels.js";
import { openEmbeddedSource } from "./embedded-source.js";
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
  description: FeatureDescription,
  shown: readonly FeatureLine[],
  view: SheetView,
): Promise<SheetImages> {
  const embedded = await openEmbeddedSource(description);
  const read = await readImages(embedded.select(shown), { ...readingOf(view), onSkip: () => {} });
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
