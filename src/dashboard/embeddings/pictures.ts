// Pictures of embedded images: small ones, many in one file, since a page that shows thousands asks for few files; and one
// as a person wants to see it.

import sharp, { type Sharp } from "sharp";
import { type ImageSource, openWholeImages, readImages } from "../../data/index.js";
import type { FeatureLine } from "../../evaluations/feature-lines.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import { printable } from "../../terminal/printable.js";
import { UnanswerableError } from "../background/unanswerable-error.js";
import { MOST_THUMBNAILS, THUMBNAIL_SIDE, THUMBNAILS_ACROSS } from "./thumbnail-sheet.js";

/** Images of a source by their indices. */
export interface SelectedImages {
  readonly source: ImageSource;
  readonly indices: readonly number[];
}

const UNREADABLE = 128;
const LARGEST_SIDE = 512;
const WHITE = [255, 255, 255] as const;

/** JPEG, a square for each line. That of an image that cannot be read stays grey. */
export async function thumbnailSheet(
  selected: SelectedImages,
  lines: readonly FeatureLine[],
  channels: number,
): Promise<Uint8Array> {
  const shown = lines.slice(0, MOST_THUMBNAILS);
  const read = await readImages(selected, { imageSize: THUMBNAIL_SIDE, channels, onSkip: () => {} });
  const pictures = new Map(read.map(({ index, pixels }) => [index, shownChannels(pixels, channels)]));
  const width = THUMBNAIL_SIDE * THUMBNAILS_ACROSS;
  const height = THUMBNAIL_SIDE * Math.ceil(shown.length / THUMBNAILS_ACROSS);
  const sheet = new Uint8Array(3 * width * height).fill(UNREADABLE);
  for (const [place, { index }] of shown.entries()) {
    const picture = pictures.get(index);
    if (picture === undefined) continue;
    const left = (place % THUMBNAILS_ACROSS) * THUMBNAIL_SIDE;
    const top = Math.floor(place / THUMBNAILS_ACROSS) * THUMBNAIL_SIDE;
    for (let y = 0; y < THUMBNAIL_SIDE; y++) {
      const line = picture.subarray(3 * y * THUMBNAIL_SIDE, 3 * (y + 1) * THUMBNAIL_SIDE);
      sheet.set(line, 3 * ((top + y) * width + left));
    }
  }
  return jpegOf(sharp(sheet, { raw: { width, height, channels: 3 } }));
}

/** JPEG of the whole of the first image, shrunk where it is large. Throws UnanswerableError where it cannot be read. */
export async function largePicture({ source, indices }: SelectedImages, channels: number): Promise<Uint8Array> {
  const images = openWholeImages(source, { channels, background: WHITE });
  try {
    const {
      pixels,
      width,
      height,
      channels: own = channels,
    } = await images.read(indices[0]!).catch((error: Error) => {
      throw new UnanswerableError(
        `Expected an image; ${printable(source.name(indices[0]!))} cannot be read: ${error.message}.`,
      );
    });
    const picture = sharp(shownChannels(pixels, own), { raw: { width, height, channels: 3 } });
    return await jpegOf(picture.resize(LARGEST_SIDE, LARGEST_SIDE, { fit: "inside", withoutEnlargement: true }));
  } finally {
    images.close();
  }
}

function jpegOf(picture: Sharp): Promise<Uint8Array> {
  return picture.jpeg({ quality: 85 }).toBuffer();
}
