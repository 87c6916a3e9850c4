// Sets of images with masks in each layout: a coloured rectangle (class 1 or 2) over a green ground (class 0).
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { encodeIndexedPng } from "#src/formats/png-values-writer.js";

const COLORS = [
  [20, 200, 40],
  [220, 30, 30],
  [30, 40, 220],
] as const;

export interface Rectangles {
  readonly width: number;
  readonly height: number;
  readonly labels: Uint8Array;
  readonly pixels: Uint8Array;
}

/** Image `index`: sizes differ, and so does where the rectangle lies. */
export function rectangles(index: number, least = 12): Rectangles {
  const [width, height] = [least + (index % 4), least + ((index * 3) % 5)];
  const label = 1 + (index % 2);
  const [left, top] = [index % 4, (index * 5) % 4];
  const labels = Uint8Array.from({ length: width * height }, (_, place) => {
    const [x, y] = [place % width, Math.floor(place / width)];
    return x >= left && x < left + width / 2 && y >= top && y < top + height / 2 ? label : 0;
  });
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    return COLORS[labels[Math.floor(at / 3)]! as 0 | 1 | 2][at % 3]! + ((index * 7) % 20);
  });
  return { width, height, labels, pixels };
}

export async function writeImage(path: string, { width, height, pixels }: Rectangles): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

export function writeMask(path: string, labels: Uint8Array, width: number, height: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const palette = Array.from({ length: 256 }, (_, value) => [value, 255 - value, 7] as const);
  writeFileSync(path, encodeIndexedPng(labels, width, height, palette));
}

/** `shift` is added to labels, as ADE20K writes class 0 as 1. */
export async function writeSet(
  folder: string,
  masks: "annotations" | "masks",
  parts: readonly (readonly [name: string, count: number])[],
  { shift = 0, least = 12 }: { readonly shift?: number; readonly least?: number } = {},
): Promise<string> {
  let index = 0;
  for (const [part, count] of parts) {
    for (let place = 0; place < count; place++) {
      const image = rectangles(index++, least);
      const name = `${String(place).padStart(3, "0")}.png`;
      await writeImage(join(folder, "images", part, name), image);
      const labels = image.labels.map((label) => label + shift);
      writeMask(join(folder, masks, part, name), labels, image.width, image.height);
    }
  }
  return folder;
}
