// A picture of some scenes: each next to its objects in colours, with their boxes.

import sharp from "sharp";
import type { Scene } from "./compose-scene.js";

const COLUMNS = 6;
const ZOOM = 2;
const GAP = 4;
const COLORS = [
  [230, 75, 53],
  [77, 187, 213],
  [0, 160, 135],
  [243, 155, 127],
  [132, 145, 180],
  [145, 209, 194],
  [220, 180, 0],
  [126, 97, 72],
] as const;

/** A PNG file: rows of pairs, the scene and its instances. */
export async function contactSheet(scenes: readonly Scene[], size: number): Promise<Uint8Array> {
  const cell = ZOOM * size;
  const rows = Math.ceil(scenes.length / COLUMNS);
  const width = COLUMNS * (2 * cell + 2 * GAP) + GAP;
  const height = rows * (cell + GAP) + GAP;
  const canvas = new Uint8Array(width * height * 3).fill(255);
  for (const [place, scene] of scenes.entries()) {
    const left = GAP + (place % COLUMNS) * (2 * cell + 2 * GAP);
    const top = GAP + Math.floor(place / COLUMNS) * (cell + GAP);
    for (let row = 0; row < cell; row++) {
      for (let column = 0; column < cell; column++) {
        const at = Math.floor(row / ZOOM) * size + Math.floor(column / ZOOM);
        const line = 3 * ((top + row) * width + left + column);
        canvas.set(scene.pixels.subarray(3 * at, 3 * at + 3), line);
        canvas.set(instanceColor(scene, at, size), line + 3 * (cell + GAP / 2));
      }
    }
  }
  return sharp(canvas, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function instanceColor({ instances, objects }: Scene, at: number, size: number): readonly number[] {
  const [row, column] = [Math.floor(at / size), at % size];
  const onBox = objects.findIndex(({ box: [left, top, width, height] }) => {
    const inside = column >= left && column < left + width && row >= top && row < top + height;
    return inside && (column === left || column === left + width - 1 || row === top || row === top + height - 1);
  });
  if (onBox >= 0) return [20, 20, 20];
  const id = instances[at]!;
  return id === 0 ? [235, 235, 235] : COLORS[(id - 1) % COLORS.length]!;
}
