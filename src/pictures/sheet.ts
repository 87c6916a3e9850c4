// Sheets of images with titled columns and a text below each image, as PNG.

import { Canvas, type Color, type Picture } from "./canvas.js";
import { drawLines, lineHeight, prepareFonts, type TextMask } from "./text.js";

export type { Picture } from "./canvas.js";

/** A picture of a sheet. */
export interface SheetPicture extends Picture {
  /** Below it, a paragraph each, such as its name. */
  readonly labels?: readonly string[] | undefined;
}

export interface Sheet {
  /** One for each column. */
  readonly titles: readonly string[];
  /** Each row has at most one picture a column; null leaves a gap. */
  readonly rows: readonly (readonly (SheetPicture | null)[])[];
  /** A line above the columns, such as the run and its step. */
  readonly caption?: string;
}

/** Small images are enlarged by a whole factor to at least this many pixels: one recognises one's photographs. */
export const leastCellSize = 224;
const gap = 8;
/** Of a label; a longer one loses its middle. */
const MOST_LINES = 3;
const background: Color = [246, 246, 246];
const ink: Color = [40, 40, 40];

interface Cell {
  readonly picture: Picture;
  readonly label: readonly TextMask[];
}

/** Draws a sheet. Throws RangeError for a picture whose data do not fit its size, and for a sheet without pictures. */
export async function renderSheet({ titles, rows, caption }: Sheet): Promise<Uint8Array> {
  const pictures = rows.flat().filter((picture) => picture !== null);
  if (pictures.length === 0) throw new RangeError("a picture sheet needs at least one picture");
  pictures.forEach(checkPicture);
  const widest = Math.max(...pictures.map(({ width }) => width));
  const scale = Math.max(1, Math.ceil(leastCellSize / widest));
  const cellWidth = widest * scale;
  const columnCount = Math.max(titles.length, ...rows.map((row) => row.length));
  const width = gap + columnCount * (cellWidth + gap);

  prepareFonts([caption ?? "", ...titles, ...pictures.flatMap(({ labels = [] }) => labels)]);
  const captionLines = caption === undefined ? [] : await drawLines(caption, width - 2 * gap);
  const titleLines: TextMask[][] = [];
  for (const title of titles) titleLines.push(await drawLines(title, cellWidth));
  const cells: (Cell | null)[][] = [];
  for (const row of rows) cells.push(await Promise.all(row.map((picture) => cellOf(picture, cellWidth))));

  const captionHeight = spaceOf(captionLines.length);
  const top = gap + captionHeight + spaceOf(Math.max(0, ...titleLines.map((lines) => lines.length)));
  const rowHeights = cells.map((row) => Math.max(0, ...row.map((cell) => (cell === null ? 0 : heightOf(cell, scale)))));
  const height = top + rowHeights.reduce((sum, each) => sum + each + gap, 0);

  const canvas = new Canvas(width, height, background);
  const leftOf = (column: number) => gap + column * (cellWidth + gap);
  canvas.lines(captionLines, gap, gap, ink);
  for (const [column, lines] of titleLines.entries()) canvas.lines(lines, leftOf(column), gap + captionHeight, ink);
  let y = top;
  for (const [index, row] of cells.entries()) {
    for (const [column, cell] of row.entries()) {
      if (cell === null) continue;
      canvas.picture(cell.picture, leftOf(column), y, scale);
      canvas.lines(cell.label, leftOf(column), y + cell.picture.height * scale + gap / 2, ink);
    }
    y += rowHeights[index]! + gap;
  }
  return canvas.png();
}

async function cellOf(picture: SheetPicture | null, room: number): Promise<Cell | null> {
  if (picture === null) return null;
  const paragraphs = await Promise.all((picture.labels ?? []).map((text) => drawLines(text, room, MOST_LINES)));
  return { picture, label: paragraphs.flat() };
}

/** With its label. */
function heightOf({ picture, label }: Cell, scale: number): number {
  return picture.height * scale + (label.length === 0 ? 0 : gap / 2 + label.length * lineHeight);
}

/** Of lines of text and the gap below them. */
function spaceOf(lines: number): number {
  return lines === 0 ? 0 : lines * lineHeight + gap / 2;
}

function checkPicture({ width, height, data }: Picture): void {
  if (data.length !== 3 * width * height) {
    throw new RangeError(
      `a picture of ${width} x ${height} RGB pixels needs ${3 * width * height} bytes, not ${data.length}`,
    );
  }
}
