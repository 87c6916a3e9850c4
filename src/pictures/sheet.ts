// Sheets of images with titled columns, as PNG.

import sharp from "sharp";
import { glyphHeight, glyphPixel, glyphWidth } from "./bitmap-font.js";

/** An image of 8-bit RGB, row by row: `data.length` is 3 x width x height. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Sheet {
  /** One for each column. */
  readonly titles: readonly string[];
  /** Each row has at most one picture a column; null leaves a gap. */
  readonly rows: readonly (readonly (Picture | null)[])[];
  /** A line above the columns, such as the run and its step. */
  readonly caption?: string;
}

/** Small images are enlarged by a whole factor to at least this many pixels: the width of the title "reconstruction". */
const leastCellSize = 168;
const gap = 8;
const lineGap = 4;
const background = 246;
const ink = 40;

/** Draws a sheet. Throws RangeError for a picture whose data do not fit its size, and for a sheet without pictures. */
export async function renderSheet(sheet: Sheet): Promise<Uint8Array> {
  const canvas = drawSheet(sheet);
  const raw = { width: canvas.width, height: canvas.height, channels: 3 as const };
  return sharp(canvas.data, { raw }).png({ compressionLevel: 9 }).toBuffer();
}

function drawSheet({ titles, rows, caption }: Sheet): Picture {
  const pictures = rows.flat().filter((picture) => picture !== null);
  if (pictures.length === 0) throw new RangeError("a picture sheet needs at least one picture");
  pictures.forEach(checkPicture);
  const scale = Math.max(1, Math.ceil(leastCellSize / Math.max(...pictures.map(({ width }) => width))));
  const cellWidth = Math.max(...pictures.map(({ width }) => width)) * scale;
  const rowHeights = rows.map((row) => Math.max(0, ...row.map((picture) => (picture?.height ?? 0) * scale)));
  const columnCount = Math.max(titles.length, ...rows.map((row) => row.length));
  const width = gap + columnCount * (cellWidth + gap);

  const captionLines = caption === undefined ? [] : wrap(caption, width - 2 * gap);
  const titleLines = titles.map((title) => wrap(title, cellWidth));
  const captionHeight = captionLines.length === 0 ? 0 : textHeight(captionLines.length) + gap;
  const titleHeight = textHeight(Math.max(0, ...titleLines.map((lines) => lines.length)));
  const top = gap + captionHeight + titleHeight + (titleHeight > 0 ? gap : 0);
  const height = top + rowHeights.reduce((sum, row) => sum + row + gap, 0);

  const canvas: Picture = { width, height, data: new Uint8Array(3 * width * height).fill(background) };
  drawText(canvas, captionLines, gap, gap);
  titleLines.forEach((lines, column) => {
    drawText(canvas, lines, gap + column * (cellWidth + gap), gap + captionHeight);
  });
  let y = top;
  rows.forEach((row, index) => {
    row.forEach((picture, column) => {
      if (picture !== null) drawPicture(canvas, picture, gap + column * (cellWidth + gap), y, scale);
    });
    y += rowHeights[index]! + gap;
  });
  return canvas;
}

function checkPicture({ width, height, data }: Picture): void {
  if (data.length !== 3 * width * height) {
    throw new RangeError(
      `a picture of ${width} x ${height} RGB pixels needs ${3 * width * height} bytes, not ${data.length}`,
    );
  }
}

function drawPicture(canvas: Picture, picture: Picture, left: number, top: number, scale: number): void {
  for (let y = 0; y < picture.height * scale; y++) {
    const from = Math.floor(y / scale) * picture.width;
    for (let x = 0; x < picture.width * scale; x++) {
      const pixel = 3 * (from + Math.floor(x / scale));
      canvas.data.set(picture.data.subarray(pixel, pixel + 3), 3 * ((top + y) * canvas.width + left + x));
    }
  }
}

const advance = glyphWidth + 1;
const textScale = 2;

/** Breaks at spaces into lines of at most `room` pixels; a word that is too long is broken anywhere. */
function wrap(text: string, room: number): string[] {
  const most = Math.max(1, Math.floor(room / (advance * textScale)));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((each) => each !== "")) {
    let rest = word;
    if (line !== "" && line.length + 1 + rest.length > most) {
      lines.push(line);
      line = "";
    }
    for (; rest.length > most; rest = rest.slice(most)) lines.push(rest.slice(0, most));
    line = line === "" ? rest : `${line} ${rest}`;
  }
  return line === "" ? lines : [...lines, line];
}

function textHeight(lines: number): number {
  return lines === 0 ? 0 : lines * (glyphHeight * textScale + lineGap) - lineGap;
}

function drawText(canvas: Picture, lines: readonly string[], left: number, top: number): void {
  lines.forEach((line, row) => {
    [...line].forEach((letter, column) => {
      for (let y = 0; y < glyphHeight * textScale; y++) {
        for (let x = 0; x < glyphWidth * textScale; x++) {
          if (!glyphPixel(letter, Math.floor(x / textScale), Math.floor(y / textScale))) continue;
          const pixelX = left + column * advance * textScale + x;
          const pixelY = top + row * (glyphHeight * textScale + lineGap) + y;
          const index = 3 * (pixelY * canvas.width + pixelX);
          if (pixelX < canvas.width) canvas.data.fill(ink, index, index + 3);
        }
      }
    });
  });
}
