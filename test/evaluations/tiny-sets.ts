// A checkpoint of a tiny encoder, and folders of labelled images for it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll } from "vitest";
import { ImageProgress } from "#src/evaluations/index.js";
import type { EncoderShape } from "#src/nn/presets.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import { describeModel } from "#src/training/model-description.js";
import { patternImage, plainImage, writeFiles } from "../data/image-files.js";
import { randomEncoder } from "../heads/random-encoder.js";

export const tinyShape = { imageSize: 8, patchSize: 4, width: 12, depth: 1, heads: 2, mlpRatio: 2 };

/** A folder that is gone after the file's tests; returns a function that gives paths in it. */
export function sharedFolder(): (...names: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-evaluation-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (...names) => join(folder, ...names);
}

interface TinyEncoder {
  readonly seed?: number;
  readonly shape?: EncoderShape;
  /** Weights with such names are all zero. */
  readonly blank?: RegExp;
}

export async function writeTinyCheckpoint(
  path: string,
  { seed = 7, shape = tinyShape, blank }: TinyEncoder = {},
): Promise<string> {
  const { normalization, tensors } = randomEncoder(shape, seed);
  const entries = [...tensors].map(([name, tensor]) => ({
    name,
    dtype: "F32" as const,
    shape: tensor.shape,
    data: blank?.test(name) ? tensor.data.map(() => 0) : tensor.data,
  }));
  const model = describeModel({ shape, decoder: undefined, normalization, background: [255, 255, 255] });
  await writeCheckpoint(path, { step: 0, tensors: entries, metadata: { model } });
  return path;
}

/** `count` images of each colour, none like the other, in a folder for each. */
export async function writeColours(folder: string, count: number, seed = 0): Promise<string> {
  const colours = { blue: [20, 30, 230], green: [20, 220, 40], red: [230, 30, 20] } as const;
  const files: Record<string, Buffer> = {};
  for (const [name, [r, g, b]] of Object.entries(colours)) {
    for (let index = 0; index < count; index++) {
      const shade = ((index * 37 + seed * 11) % 50) - 25;
      const image = plainImage(9 + (index % 3), 10, [r + shade / 2, g + shade / 2, b + shade / 2]);
      files[`${name}/${index}.png`] = await image.png().toBuffer();
    }
  }
  return writeFiles(folder, files);
}

/** Images of 8 x 8 whose upper half is red (class 1) or blue (class 2), over green background; masks to match. */
export async function writeMaskedSet(folder: string): Promise<void> {
  const side = tinyShape.imageSize;
  for (const [split, count] of [
    ["training", 6],
    ["validation", 4],
  ] as const) {
    for (let index = 0; index < count; index++) {
      const label = 1 + (index % 2);
      const shade = 200 + 7 * index;
      const mask = Uint8Array.from({ length: side * side }, (_, place) => (place < (side * side) / 2 ? label : 0));
      const pixels = Uint8Array.from({ length: side * side * 3 }, (_, place) => {
        const own = [1, 0, 2][mask[Math.floor(place / 3)]!];
        return place % 3 === own ? shade : 10;
      });
      const name = `${label}/${index}.png`;
      for (const [kind, data, channels] of [
        ["images", pixels, 3],
        ["annotations", mask, 1],
      ] as const) {
        const path = `${folder}/${kind}/${split}/${name}`;
        mkdirSync(dirname(path), { recursive: true });
        const image = sharp(data, { raw: { width: side, height: side, channels } });
        await image
          .toColourspace(channels === 1 ? "b-w" : "srgb")
          .png()
          .toFile(path);
      }
    }
  }
  writeFileSync(`${folder}/classes.txt`, "red\nblue\n");
}

/** `count` images that all differ, with names in their order, and a broken one in the middle. */
export async function writePatterns(folder: string, count: number): Promise<string> {
  const files: Record<string, Buffer | string> = {};
  for (let index = 0; index < count; index++) {
    const broken = index === Math.floor(count / 2);
    const name = `${String(index).padStart(4, "0")}.png`;
    files[name] = broken ? "broken" : await patternImage(11, 9, index).png().toBuffer();
  }
  return writeFiles(folder, files);
}

export function silentProgress(lines: string[] = []): ImageProgress {
  return new ImageProgress({ write: (text) => lines.push(text) });
}
