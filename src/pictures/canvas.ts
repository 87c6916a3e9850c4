// A picture that is drawn pixel by pixel: areas, other pictures, text.

import sharp from "sharp";
import { lineHeight, type TextMask } from "./text.js";

/** An image of 8-bit RGB, row by row: `data.length` is 3 x width x height. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export type Color = readonly [red: number, green: number, blue: number];

/** What lies beyond its edges is left out. */
export class Canvas {
  readonly #data: Uint8Array;

  constructor(
    readonly width: number,
    readonly height: number,
    paper: Color,
  ) {
    this.#data = new Uint8Array(3 * width * height);
    for (let at = 0; at < this.#data.length; at += 3) this.#data.set(paper, at);
  }

  /** A square. */
  fill(left: number, top: number, size: number, color: Color): void {
    this.rectangle(left, top, size, size, color);
  }

  /** `cover` says how much of it shows over what is there, from 0 to 255. */
  rectangle(left: number, top: number, width: number, height: number, color: Color, cover = 255): void {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) this.#blend(left + x, top + y, color, cover);
  }

  /** Each of its pixels as a square of `scale`. */
  picture({ width, height, data }: Picture, left: number, top: number, scale: number): void {
    for (let y = 0; y < height * scale; y++) {
      const row = Math.floor(y / scale) * width;
      for (let x = 0; x < width * scale; x++) {
        const at = 3 * (row + Math.floor(x / scale));
        this.#data.set(data.subarray(at, at + 3), 3 * ((top + y) * this.width + left + x));
      }
    }
  }

  text({ width, height, data }: TextMask, left: number, top: number, color: Color): void {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) this.#blend(left + x, top + y, color, data[y * width + x]!);
    }
  }

  lines(lines: readonly TextMask[], left: number, top: number, color: Color): void {
    for (const [row, mask] of lines.entries()) this.text(mask, left, top + row * lineHeight, color);
  }

  /** Begins at the bottom. */
  textUpwards({ width, height, data }: TextMask, left: number, bottom: number, color: Color): void {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) this.#blend(left + y, bottom - x, color, data[y * width + x]!);
    }
  }

  /** A PNG file. */
  png(): Promise<Uint8Array> {
    const raw = { width: this.width, height: this.height, channels: 3 as const };
    return sharp(this.#data, { raw }).png({ compressionLevel: 9 }).toBuffer();
  }

  #blend(x: number, y: number, color: Color, cover: number): void {
    const [column, row] = [Math.round(x), Math.round(y)];
    if (cover === 0 || column < 0 || column >= this.width || row < 0 || row >= this.height) return;
    const at = 3 * (row * this.width + column);
    for (const [channel, value] of color.entries()) {
      const below = this.#data[at + channel]!;
      this.#data[at + channel] = Math.round(below + ((value - below) * cover) / 255);
    }
  }
}
