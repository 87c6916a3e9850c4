// Pictures of reconstructions, from the newest checkpoint of a run.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { UnreadableImageError } from "#src/data/errors.js";
import { readImages } from "#src/data/index.js";
import { CheckpointError, RunDirectoryError } from "#src/training/errors.js";
import { pretrain, reconstruct } from "#src/training/index.js";
import { recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const images = (...numbers: readonly number[]) => numbers.map((n) => at("images", `00${n}.png`));

beforeAll(async () => {
  await writeImages(source, 16);
  for (const method of ["mae", "mixedae"]) {
    await pretrain(tinyConfig(source, `method=${method}`, "schedule.steps=2"), at(method), recordOptions());
  }
});

/** Cells are 16 pixels enlarged 14 times; three columns, each with its margin of 8. */
const cell = 14 * 16;
/** With the line of the image's name, and the margin. */
const rowHeight = cell + 4 + 18 + 8;

async function sheetOf(method: string, numbers: readonly number[]) {
  const out = at(`${method}-${numbers.length}.png`);
  await reconstruct(at(method), images(...numbers), out, { overwrite: true });
  const { format } = await sharp(out).metadata();
  expect(format).toBe("png");
  return sharp(out).removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

test.each([
  ["mae", [1], [1, 2, 3]],
  ["mixedae", [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7, 8]],
])("%s: a row for each image, three columns, originals first", async (method, few, many) => {
  const [small, large] = [await sheetOf(method, few), await sheetOf(method, many)];
  expect(small.info.width).toBe(8 + 3 * (cell + 8));
  expect(large.info.width).toBe(small.info.width);
  expect(large.info.height - small.info.height).toBe((many.length - few.length) * rowHeight);

  const { data, info } = large;
  const top = info.height - many.length * rowHeight;
  const pixelAt = (row: number, column: number, x: number, y: number) => {
    const place = (top + row * rowHeight + 14 * y + 5) * info.width + 8 + column * (cell + 8) + 14 * x + 5;
    return [...data.subarray(3 * place, 3 * place + 3)];
  };
  const originals = await readImages(images(...many), { imageSize: 16 });
  for (const [row, { pixels }] of originals.entries()) {
    let seen = 0;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const truth = [...pixels.subarray(3 * (16 * y + x), 3 * (16 * y + x) + 3)];
        expect(pixelAt(row, 0, x, y)).toEqual(truth);
        const [input, result] = [pixelAt(row, 1, x, y), pixelAt(row, 2, x, y)];
        if (String(input) === String(truth) && String(result) === String(truth)) seen += 1;
      }
    }
    // A quarter of the patches was seen, and stands in the input and in the result.
    expect(seen).toBeGreaterThanOrEqual(64);
    expect(seen).toBeLessThan(128);
  }
});

test("the same picture each time", async () => {
  const [first, second] = [await sheetOf("mae", [1, 2]), await sheetOf("mae", [1, 2])];
  expect(first.data.equals(second.data)).toBe(true);
});

test("replaces nothing unasked, never an image that it is given, and adds nothing to what the run learns from", async () => {
  const [image] = images(1);
  const [before, out] = [readFileSync(image!), at("kept.png")];
  writeFileSync(out, "kept");
  await expect(reconstruct(at("mae"), [image!], out)).rejects.toThrow("add --overwrite to replace it");
  expect(readFileSync(out, "utf8")).toBe("kept");
  for (const overwrite of [false, true]) {
    await expect(reconstruct(at("mae"), [image!], image!, { overwrite })).rejects.toThrow("what it is made from");
    const among = reconstruct(at("mae"), [image!], at("images", "seen", "new.png"), { overwrite });
    await expect(among).rejects.toThrow(/outside the images/);
  }
  expect(readFileSync(image!)).toEqual(before);
  await reconstruct(at("mae"), [image!], at("new", "seen.png"));
});

test("says what is wrong with a folder, a checkpoint or an image, and writes nothing", async () => {
  const out = at("none.png");
  await expect(reconstruct(at("images"), images(1), out)).rejects.toBeInstanceOf(RunDirectoryError);
  await pretrain(tinyConfig(source, "method=mae"), at("early"), recordOptions(0));
  await expect(reconstruct(at("early"), images(1), out)).rejects.toThrow("has no checkpoint yet");
  writeFileSync(at("early", "checkpoints", "step-00000001.safetensors"), "nothing of ours");
  await expect(reconstruct(at("early"), images(1), out)).rejects.toBeInstanceOf(CheckpointError);
  writeFileSync(at("text.png"), "no image");
  await expect(reconstruct(at("mae"), [at("text.png")], out)).rejects.toBeInstanceOf(UnreadableImageError);
  expect(readdirSync(at())).not.toContain("none.png");
});
