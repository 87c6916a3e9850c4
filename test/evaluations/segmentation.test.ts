// Segmentation by nearest patches: colours are told apart to the patch, and sets that are none are refused by name.
import { rmSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { evaluateSegmentation, type SegmentationRequest } from "#src/evaluations/index.js";
import { sharedFolder, silentProgress, tinyShape, writeMaskedSet, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
const side = tinyShape.imageSize;
let from = "";

const request = (change: Partial<SegmentationRequest> = {}): SegmentationRequest => ({
  ...{ from, scenes: at("set"), images: 100, queries: 100, neighbours: 5, threads: 1 },
  ...change,
});

beforeAll(async () => {
  from = await writeTinyCheckpoint(at("tiny.safetensors"));
  await writeMaskedSet(at("set"));
});

test("tells plain colours to the pixel, and counts what it looked at", async () => {
  const report = await evaluateSegmentation(request(), silentProgress());
  expect(report.detail.meanIou).toBe(1);
  expect(report.detail.pixelAccuracy).toBe(1);
  expect(report.classes).toEqual(["background", "red", "blue"]);
  expect(report.train).toEqual({ images: 6, patches: 24 });
  expect(report.test).toEqual({ images: 4, patches: 16 });
  expect(report.detail.perClass.map(({ pixels }) => pixels)).toEqual([128, 64, 64]);
});

test("an encoder of wide images sees their middle, and so do the masks", async () => {
  // Of squares of 8 x 8 whose upper half is a class, the middle 4 rows: two of the class, two of the background.
  const wide = await writeTinyCheckpoint(at("wide.safetensors"), {
    shape: { ...tinyShape, imageSize: [4, 8], patchSize: 2 },
    blank: /pos_embed/,
  });
  const { detail, test: tested } = await evaluateSegmentation(request({ from: wide }), silentProgress());
  expect(tested).toEqual({ images: 4, patches: 32 });
  expect(detail.perClass.map(({ pixels }) => pixels)).toEqual([64, 32, 32]);
  expect(detail.pixelAccuracy).toBe(1);
});

test("takes fewer images where asked to, always the same for a seed", async () => {
  const few = request({ images: 2, queries: 3, seed: 4 });
  const report = await evaluateSegmentation(few, silentProgress());
  expect([report.train.images, report.test.images]).toEqual([2, 3]);
  expect(await evaluateSegmentation(few, silentProgress())).toEqual(report);
});

test("refuses sets without masks, names or known classes", async () => {
  await writeMaskedSet(at("broken"));
  const broken = request({ scenes: at("broken") });
  await sharp(new Uint8Array(side * side).fill(7), { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toFile(at("broken", "annotations", "training", "1", "0.png"));
  await expect(evaluateSegmentation(broken, silentProgress())).rejects.toThrow(/1\/0\.png.*the class 7/s);
  rmSync(at("broken", "annotations", "training", "1", "0.png"));
  await expect(evaluateSegmentation(broken, silentProgress())).rejects.toThrow(/annotations\/training\/1\/0\.png/);
  rmSync(at("broken", "classes.txt"));
  await expect(evaluateSegmentation(broken, silentProgress())).rejects.toThrow(/classes\.txt/);
});
