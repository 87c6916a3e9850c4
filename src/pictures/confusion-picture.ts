// A confusion matrix as a picture: a row for each true class, a column for each predicted one.

import { Canvas, type Color } from "./canvas.js";
import { drawLines, drawText, lineHeight, prepareFonts, type TextMask } from "./text.js";

const PAPER: Color = [255, 255, 255];
const INK: Color = [40, 40, 40];
/** What is right, and what is taken for something else, where all images of the class are. */
const RIGHT: Color = [24, 84, 166];
const WRONG: Color = [200, 52, 32];
const GAP = 10;
const WIDEST_NAME = 200;
/** Rows lower than this have no room for a name. */
const NAMED_CELL = lineHeight;

/** A PNG file. A cell's depth of colour is its share of the images of its row; on the diagonal stand the right ones. */
export async function confusionPicture(
  classes: readonly string[],
  confusion: readonly (readonly number[])[],
  caption: string,
): Promise<Uint8Array> {
  prepareFonts([caption, ...classes]);
  const count = classes.length;
  const cell = Math.max(2, Math.min(44, Math.floor(880 / count)));
  const named = cell >= NAMED_CELL;
  const names: TextMask[] = [];
  // A name of several lines has its middle left out.
  if (named) for (const name of classes) names.push((await drawLines(name, WIDEST_NAME, 1))[0] ?? EMPTY);
  const nameRoom = named ? Math.max(...names.map((name) => name.width)) + GAP : 0;
  const left = GAP + nameRoom;
  const width = Math.max(left + count * cell + GAP, 480);
  const lines = [
    ...(await drawLines(caption, width - 2 * GAP)),
    await drawText("rows: true class, columns: predicted"),
  ];
  const top = GAP + lines.length * lineHeight + GAP + nameRoom;
  const canvas = new Canvas(width, top + count * cell + GAP, PAPER);
  const percents = await Promise.all(Array.from({ length: 101 }, (_, percent) => drawText(String(percent))));

  canvas.lines(lines, GAP, GAP, INK);
  for (const [row, counts] of confusion.entries()) {
    const total = counts.reduce((sum, each) => sum + each, 0);
    for (const [column, each] of counts.entries()) {
      const [x, y] = [left + column * cell, top + row * cell];
      const share = total === 0 ? 0 : each / total;
      // The root makes rare mistakes visible.
      canvas.fill(x, y, cell - 1, blend(row === column ? RIGHT : WRONG, Math.sqrt(share)));
      const label = percents[Math.round(100 * share)]!;
      if (share >= 0.005 && label.width + 2 <= cell && lineHeight <= cell) {
        const [across, down] = [(cell - label.width) / 2, (cell - lineHeight) / 2];
        canvas.text(label, x + across, y + down, share > 0.3 ? PAPER : INK);
      }
    }
  }
  for (const [place, name] of names.entries()) {
    const middle = place * cell + (cell - lineHeight) / 2;
    canvas.text(name, left - GAP - name.width, top + middle, INK);
    canvas.textUpwards(name, left + middle, top - GAP, INK);
  }
  return canvas.png();
}

const EMPTY: TextMask = { width: 0, height: 0, data: new Uint8Array() };

function blend(color: Color, share: number): Color {
  const channel = (index: number) => Math.round(245 + (color[index]! - 245) * share);
  return [channel(0), channel(1), channel(2)];
}
