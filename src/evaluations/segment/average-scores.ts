// Scores of classes that windows of a scaled image add up, and the class that they give each pixel of the image itself.

import type { ImageSize } from "../../data/index.js";

/** Scores of an image that windows add up, from the first window on. */
export class AverageScores {
  readonly #scaled: ImageSize;
  readonly #own: ImageSize;
  #sums = new Float32Array(0);
  #counts = new Uint16Array(0);

  /** `scaled` is the size at which scores are added, `own` that of the image. */
  constructor(scaled: ImageSize, own: ImageSize) {
    this.#scaled = scaled;
    this.#own = own;
  }

  /** Scores [classes, height, width] of a window of the scaled image. */
  add(scores: Float32Array, window: ImageSize & { readonly top: number; readonly left: number }): void {
    const { width, height } = this.#scaled;
    const { top, left, width: columns, height: rows } = window;
    const classes = scores.length / (rows * columns);
    if (this.#sums.length === 0) {
      this.#sums = new Float32Array(classes * width * height);
      this.#counts = new Uint16Array(width * height);
    }
    for (let y = 0; y < rows; y++) {
      const row = (top + y) * width + left;
      for (let x = 0; x < columns; x++) this.#counts[row + x]!++;
      for (let each = 0; each < classes; each++) {
        const [from, to] = [(each * rows + y) * columns, each * width * height + row];
        for (let x = 0; x < columns; x++) this.#sums[to + x]! += scores[from + x]!;
      }
    }
  }

  /** The class of the highest score of each pixel of the image, between four neighbours; the sums are given back. */
  classes(): Uint8Array {
    const [sums, counts, from, to] = [this.#sums, this.#counts, this.#scaled, this.#own];
    const area = from.width * from.height;
    const classes = sums.length / area;
    for (let each = 0; each < classes; each++) {
      for (let place = 0; place < area; place++) sums[each * area + place]! /= counts[place]!;
    }
    const result = new Uint8Array(to.width * to.height);
    const columns = neighbours(to.width, from.width);
    for (const [y, { low: upper, high: lower, share: down }] of neighbours(to.height, from.height).entries()) {
      for (const [x, { low: left, high: right, share: across }] of columns.entries()) {
        let [best, highest] = [0, Number.NEGATIVE_INFINITY];
        for (let each = 0; each < classes; each++) {
          const [above, below] = [each * area + upper * from.width, each * area + lower * from.width];
          const onTop = sums[above + left]! * (1 - across) + sums[above + right]! * across;
          const under = sums[below + left]! * (1 - across) + sums[below + right]! * across;
          const score = onTop * (1 - down) + under * down;
          if (score > highest) [best, highest] = [each, score];
        }
        result[y * to.width + x] = best;
      }
    }
    this.#sums = new Float32Array(0);
    return result;
  }
}

function neighbours(to: number, from: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: to }, (_, place) => {
    const at = Math.min(from - 1, Math.max(0, ((place + 0.5) * from) / to - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}
