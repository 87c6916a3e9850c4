// Recognition within mixtures: by what patches show it is perfect on plain colours, and by their places alone it is chance.
import { beforeAll, expect, test } from "vitest";
import { evaluateRecognition } from "#src/evaluations/index.js";
import { plainImage, writeFiles } from "../data/image-files.js";
import { sharedFolder, silentProgress, tinyShape, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
const shape = { ...tinyShape, imageSize: 16 };

beforeAll(async () => {
  const files: Record<string, Buffer> = {};
  // Any two colours differ clearly.
  for (let index = 0; index < 42; index++) {
    const colour = [index % 4, Math.floor(index / 4) % 4, Math.floor(index / 16)].map((level) => 10 + 75 * level);
    const image = plainImage(16, 16, colour as [number, number, number]);
    files[`${String(index).padStart(2, "0")}.png`] = await image.png().toBuffer();
  }
  writeFiles(at("images"), files);
});

const request = (from: string) => ({ from, test: at("images"), images: 1000, threads: 1 });

test("tells plain colours apart where positions count for nothing", async () => {
  const from = await writeTinyCheckpoint(at("seeing.safetensors"), { shape, blank: /pos_embed/ });
  const report = await evaluateRecognition(request(from), silentProgress());
  expect(report.detail.homologous).toBe(1);
  // Of 16 patches each image supplies 4: 3 of the 15 others.
  expect(report.detail.chance).toBeCloseTo(3 / 15, 12);
  expect(report.detail.compared).toBe(3);
  // Whole groups of four.
  expect(report.test.images).toBe(40);
  expect(await evaluateRecognition(request(from), silentProgress())).toEqual(report);
});

test("tells plain colours apart in mixtures of images that are no squares", async () => {
  const wide = { ...shape, imageSize: [8, 24] as const };
  const from = await writeTinyCheckpoint(at("wide.safetensors"), { shape: wide, blank: /pos_embed/ });
  const { homologous, chance } = (await evaluateRecognition(request(from), silentProgress())).detail;
  expect(homologous).toBe(1);
  // Of 12 patches each image supplies 3: 2 of the 11 others.
  expect(chance).toBeCloseTo(2 / 11, 12);
});

test("an encoder that sees nothing but places guesses", async () => {
  const from = await writeTinyCheckpoint(at("blind.safetensors"), { shape, blank: /patch_embed/ });
  const { homologous } = (await evaluateRecognition(request(from), silentProgress())).detail;
  // 40 mixtures of 48 pairs, drawn blindly.
  expect(Math.abs(homologous - 0.2)).toBeLessThan(0.05);
});

test("too few images, and too few patches, are refused", async () => {
  const from = await writeTinyCheckpoint(at("few.safetensors"), { shape });
  await expect(evaluateRecognition({ ...request(from), images: 3 }, silentProgress())).rejects.toThrow(
    /at least 4 held-out images/,
  );
  const small = await writeTinyCheckpoint(at("small.safetensors"));
  await expect(evaluateRecognition(request(small), silentProgress())).rejects.toThrow(/at least 8 patches.*has 4/s);
});
