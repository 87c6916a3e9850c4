// Objects in pictures: masks and boxes in the colours of their classes, with names and scores.

import { Canvas, type Color, type Picture } from "./canvas.js";
import type { ClassLegend } from "./segmentation-sheet.js";
import { drawLines, drawText, lineHeight, prepareFonts } from "./text.js";

/** An object of an image. */
export interface MarkedObject {
  readonly label: number;
  /** In pixels of the image. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  /** From 0 to 1; of what was found. */
  readonly score?: number | undefined;
  /** At the image's size, row by row. */
  readonly mask?: { readonly pixels: Uint8Array } | undefined;
}

/** An image with its objects. */
export interface DetectedPicture {
  readonly image: Picture;
  /** What is marked. */
  readonly truth: readonly MarkedObject[];
  readonly found: readonly MarkedObject[];
}

const PAPER: Color = [246, 246, 246];
const INK: Color = [40, 40, 40];
const GAP = 8;
/** Small images are enlarged by a whole factor to at least this, so that names have room. */
const LEAST_SIDE = 256;
/** Of 255: how much of a mask's colour shows over the image. */
const COVER = 115;

/** A row for each picture: what is marked, and what was found. A PNG file. */
export async function detectionSheet(
  pictures: readonly DetectedPicture[],
  legend: ClassLegend,
  caption: string,
): Promise<Uint8Array> {
  const titles = ["marked", "found"];
  prepareFonts([caption, ...titles, ...legend.classes]);
  const widest = Math.max(1, ...pictures.map(({ image }) => image.width));
  const scale = enlargement(widest);
  const cell = widest * scale;
  const width = GAP + titles.length * (cell + GAP);
  const captionLines = await drawLines(caption, width - 2 * GAP);
  const top = GAP + captionLines.length * lineHeight + GAP + lineHeight + GAP / 2;
  const body = pictures.reduce((sum, { image }) => sum + image.height * scale + GAP, 0);
  const canvas = new Canvas(width, top + body, PAPER);
  canvas.lines(captionLines, GAP, GAP, INK);
  for (const [column, title] of titles.entries()) {
    canvas.text(await drawText(title), GAP + column * (cell + GAP), top - lineHeight - GAP / 2, INK);
  }
  let y = top;
  for (const { image, truth, found } of pictures) {
    await drawObjects(canvas, image, truth, legend, { left: GAP, top: y, scale });
    await drawObjects(canvas, image, found, legend, { left: GAP + cell + GAP, top: y, scale });
    y += image.height * scale + GAP;
  }
  return canvas.png();
}

/** One image with its objects, enlarged where it is small. A PNG file. */
export async function markedPicture(
  image: Picture,
  objects: readonly MarkedObject[],
  legend: ClassLegend,
): Promise<Uint8Array> {
  prepareFonts(legend.classes);
  const scale = enlargement(image.width);
  const canvas = new Canvas(image.width * scale, image.height * scale, PAPER);
  await drawObjects(canvas, image, objects, legend, { left: 0, top: 0, scale });
  return canvas.png();
}

function enlargement(width: number): number {
  return Math.max(1, Math.ceil(LEAST_SIDE / width));
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

/** The best last, so that they are not covered. */
async function drawObjects(
  canvas: Canvas,
  image: Picture,
  objects: readonly MarkedObject[],
  { classes, colors }: ClassLegend,
  { left, top, scale }: Place,
): Promise<void> {
  canvas.picture(image, left, top, scale);
  const order = [...objects].sort((a, b) => (a.score ?? 1) - (b.score ?? 1));
  for (const { mask, label } of order) {
    for (let pixel = 0; mask !== undefined && pixel < mask.pixels.length; pixel++) {
      if (mask.pixels[pixel] === 0) continue;
      const [x, y] = [pixel % image.width, Math.floor(pixel / image.width)];
      canvas.rectangle(left + x * scale, top + y * scale, scale, scale, colors[label]!, COVER);
    }
  }
  for (const { box, label, score } of order) {
    const [from, upper, to, lower] = box.map((edge) => Math.round(edge * scale)) as [number, number, number, number];
    const color = colors[label]!;
    outline(canvas, left + from, top + upper, to - from, lower - upper, color);
    const name = classes[label]!;
    const text = score === undefined ? name : `${name} ${Math.round(100 * score)}%`;
    const [line] = await drawLines(text, Math.max(48, image.width * scale - from - 6), 1);
    if (line === undefined) continue;
    const above = upper >= lineHeight ? upper - lineHeight : upper;
    canvas.rectangle(left + from, top + above, line.width + 6, lineHeight, color);
    canvas.text(line, left + from + 3, top + above, inkOn(color));
  }
}

const LINE = 2;

function outline(canvas: Canvas, left: number, top: number, width: number, height: number, color: Color): void {
  canvas.rectangle(left, top, width, LINE, color);
  canvas.rectangle(left, top + height - LINE, width, LINE, color);
  canvas.rectangle(left, top, LINE, height, color);
  canvas.rectangle(left + width - LINE, top, LINE, height, color);
}

/** Black or white, whichever is read more easily on a colour. */
function inkOn([red, green, blue]: Color): Color {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? [0, 0, 0] : [255, 255, 255];
}
