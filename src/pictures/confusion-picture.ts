// A confusion matrix as a picture: a row for each true class, a column for each predicted one.

import sharp from "sharp";
import { glyphHeight, glyphPixel, glyphWidth } from "./bitmap-font.js";

const PAPER = [255, 255, 255] as const;
const INK = [40, 40, 40] as const;
/** What is right, and what is taken for something else, where all images of the class are. */
const RIGHT = [24, 84, 166] as const;
const WRONG = [200, 52, 32] as const;
const GAP = 10;
const LINE = 2 * glyphHeight + 4;
const ADVANCE = 2 * (glyphWidth + 1);
const LONGEST_NAME = 24;
/** Rows lower than this have no room for a name. */
const NAMED_CELL = LINE;

type Ink = readonly [number, number, number];

/** A PNG file. A cell's depth of colour is its share of the images of its row; on the diagonal stand the right ones. */
export async function confusionPicture(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  caption: string,
): Promise<Uint8Array> {
  const count = classes.length;
  const cell = Math.max(2, Math.min(44, Math.floor(880 / count)));
  const named = cell >= NAMED_CELL;
  const names = classes.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}.` : name));
  const nameRoom = named ? Math.max(...names.map((name) => name.length)) * ADVANCE + GAP : 0;
  const left = GAP + nameRoom;
  const width = Math.max(left + count * cell + GAP, 480);
  const captionLines = linesOf(caption, Math.floor((width - 2 * GAP) / ADVANCE));
  const captionRoom = GAP + (captionLines.length + 1) * LINE + GAP;
  const top = captionRoom + nameRoom;
  const canvas = new Canvas(width, top + count * cell + GAP);

  for (const [row, line] of [...captionLines, "rows: true class, columns: predicted"].entries()) {
    canvas.text(line, GAP, GAP + row * LINE, INK);
  }
  for (const [row, counts] of confusion.entries()) {
    const total = counts.reduce((sum, each) => sum + each, 0);
    for (const [column, each] of counts.entries()) {
      const [x, y] = [left + column * cell, top + row * cell];
      const share = total === 0 ? 0 : each / total;
      // The root makes rare mistakes visible.
      canvas.fill(x, y, cell - 1, blend(row === column ? RIGHT : WRONG, Math.sqrt(share)));
      const label = String(Math.round(100 * share));
      if (share >= 0.005 && label.length * ADVANCE <= cell) {
        canvas.text(
          label,
          x + (cell - label.length * ADVANCE) / 2 + 1,
          y + (cell - LINE) / 2 + 2,
          share > 0.3 ? PAPER : INK,
        );
      }
    }
  }
  if (named) {
    for (const [place, name] of names.entries()) {
      canvas.text(name, left - GAP - name.length * ADVANCE, top + place * cell + (cell - LINE) / 2 + 2, INK);
      canvas.textUpwards(name, left + place * cell + (cell - LINE) / 2 + 2, top - GAP, INK);
    }
  }
  const raw = { width: canvas.width, height: canvas.height, channels: 3 as const };
  return sharp(canvas.data, { raw }).png({ compressionLevel: 9 }).toBuffer();
}

function blend(color: Ink, share: number): Ink {
  const channel = (index: number) => Math.round(245 + (color[index]! - 245) * share);
  return [channel(0), channel(1), channel(2)];
}

function linesOf(text: string, room: number): string[] {
  return Array.from({ length: Math.ceil(text.length / room) }, (_, line) => text.slice(line * room, (line + 1) * room));
}

class Canvas {
  readonly data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8Array(3 * width * height).fill(PAPER[0]);
  }

  fill(left: number, top: number, size: number, color: Ink): void {
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) this.#set(left + x, top + y, color);
  }

  text(text: string, left: number, top: number, color: Ink): void {
    this.#letters(text, (x, y) => this.#set(left + x, top + y, color));
  }

  /** Begins at the bottom. */
  textUpwards(text: string, left: number, bottom: number, color: Ink): void {
    this.#letters(text, (x, y) => this.#set(left + y, bottom - x, color));
  }

  #letters(text: string, set: (x: number, y: number) => void): void {
    for (const [place, letter] of [...text].entries()) {
      for (let y = 0; y < 2 * glyphHeight; y++) {
        for (let x = 0; x < 2 * glyphWidth; x++) {
          if (glyphPixel(letter, Math.floor(x / 2), Math.floor(y / 2))) set(place * ADVANCE + x, y);
        }
      }
    }
  }

  #set(x: number, y: number, color: Ink): void {
    const [column, row] = [Math.round(x), Math.round(y)];
    if (column >= 0 && column < this.width && row >= 0 && row < this.height) {
      this.data.set(color, 3 * (row * this.width + column));
    }
  }
}
