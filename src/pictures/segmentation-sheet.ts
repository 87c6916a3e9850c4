// Segmentations as pictures: images, what they show and what was predicted side by side, and colours laid over an image.

import { Canvas, type Color, type Picture } from "./canvas.js";
import { UNLABELLED_COLOR } from "./class-colors.js";
import { drawLines, drawText, lineHeight, prepareFonts } from "./text.js";

/** An image with classes for its pixels [height, width]; 255 is no label. */
export interface SegmentedPicture {
  readonly image: Picture;
  /** What the pixels are, where that is known. */
  readonly truth?: Uint8Array | undefined;
  readonly predicted: Uint8Array;
}

/** The names of classes, with a colour for each. */
export interface ClassLegend {
  readonly classes: readonly string[];
  readonly colors: readonly Color[];
}

const PAPER: Color = [246, 246, 246];
const INK: Color = [40, 40, 40];
const GAP = 8;
/** Small images are enlarged by a whole factor to at least this. */
const LEAST_SIDE = 160;
const SWATCH = 12;
const NAME_WIDTH = 150;

/** A row for each picture; below, the classes that are in them. A PNG file. */
export async function segmentationSheet(
  pictures: readonly SegmentedPicture[],
  legend: ClassLegend,
  caption: string,
): Promise<Uint8Array> {
  const shown = [...new Set(pictures.flatMap(({ truth, predicted }) => [...(truth ?? []), ...predicted]))]
    .filter((label) => label < legend.classes.length)
    .sort((a, b) => a - b);
  const titles = ["image", "what it shows", "predicted"];
  prepareFonts([caption, ...titles, ...legend.classes]);
  const widest = Math.max(...pictures.map(({ image }) => image.width));
  const scale = Math.max(1, Math.ceil(LEAST_SIDE / widest));
  const cell = widest * scale;
  const width = GAP + 3 * (cell + GAP);
  const captionLines = await drawLines(caption, width - 2 * GAP);
  const perRow = Math.max(1, Math.floor((width - GAP) / (NAME_WIDTH + GAP)));
  const legendRows = Math.ceil(shown.length / perRow);
  const top = GAP + captionLines.length * lineHeight + GAP + lineHeight + GAP / 2;
  const heights = pictures.map(({ image }) => image.height * scale + GAP);
  const bodyHeight = heights.reduce((sum, height) => sum + height, 0);
  const canvas = new Canvas(width, top + bodyHeight + legendRows * (lineHeight + 4) + GAP, PAPER);

  canvas.lines(captionLines, GAP, GAP, INK);
  const leftOf = (column: number) => GAP + column * (cell + GAP);
  for (const [column, title] of titles.entries()) {
    canvas.text(await drawText(title), leftOf(column), top - lineHeight - GAP / 2, INK);
  }
  let y = top;
  for (const [row, { image, truth, predicted }] of pictures.entries()) {
    canvas.picture(image, leftOf(0), y, scale);
    if (truth) canvas.picture(colored(image, truth, legend.colors), leftOf(1), y, scale);
    canvas.picture(colored(image, predicted, legend.colors), leftOf(2), y, scale);
    y += heights[row]!;
  }
  for (const [place, label] of shown.entries()) {
    const left = GAP + (place % perRow) * (NAME_WIDTH + GAP);
    const from = y + Math.floor(place / perRow) * (lineHeight + 4);
    canvas.fill(left, from + (lineHeight - SWATCH) / 2, SWATCH, legend.colors[label]!);
    const [name] = await drawLines(legend.classes[label]!, NAME_WIDTH - SWATCH - GAP, 1);
    if (name) canvas.text(name, left + SWATCH + GAP / 2, from, INK);
  }
  return canvas.png();
}

/** The colours of the classes, without the image. */
function colored({ width, height }: Picture, labels: Uint8Array, colors: readonly Color[]): Picture {
  const data = new Uint8Array(3 * labels.length);
  for (const [pixel, label] of labels.entries()) data.set(colors[label] ?? UNLABELLED_COLOR, 3 * pixel);
  return { width, height, data };
}

/** How much of a colour shows over an image. */
const COVER = 0.55;

/** An image under the colours of its classes. */
export function overlaid({ width, height, data }: Picture, labels: Uint8Array, colors: readonly Color[]): Picture {
  const result = Uint8Array.from(data);
  for (const [pixel, label] of labels.entries()) {
    const color = colors[label];
    if (color === undefined) continue;
    for (const [channel, value] of color.entries()) {
      const below = result[3 * pixel + channel]!;
      result[3 * pixel + channel] = Math.round(below + (value - below) * COVER);
    }
  }
  return { width, height, data: result };
}
