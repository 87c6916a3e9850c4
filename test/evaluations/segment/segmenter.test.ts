// Training of a segmentation as a whole: it learns, resumes exactly, is tested, and labels images of any size.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import {
  evaluateSegmenter,
  predictMasks,
  readSegmentationModel,
  resumeSegmenter,
  type SegmentRequest,
  trainSegmenter,
} from "#src/evaluations/index.js";
import { decodePngValues } from "#src/formats/png-values.js";
import { encodeIndexedPng } from "#src/formats/png-values-writer.js";
import type { Color } from "#src/pictures/canvas.js";
import { resume } from "#src/training/index.js";
import { runPaths } from "#src/training/run-folder.js";
import { expectSameMetrics, readMetrics, recordOptions } from "../../training/tiny-run.js";
import { sharedFolder, writeTinyCheckpoint } from "../tiny-sets.js";
import { rectangles, writeImage, writeSet } from "./masked-sets.js";

const at = sharedFolder();
let [images, from] = ["", ""];

const everything = [
  "head.norm=batch",
  "head.auxiliaryWeight=0.4",
  "head.dropout=0.2",
  "encoder.relativePositions=true",
  "encoder.windows={side: 2, globalBlocks: [1]}",
  "regularization.dropPath=0.2",
  "schedule.microBatch=3",
  "augmentation.maxClassShare=0.7",
];

function request(...assignments: readonly string[]): SegmentRequest {
  const small = [
    ...["schedule.batchSize=6", "schedule.steps=8", "run.threads=1", "run.checkpointEvery=3", "run.picturesEvery=0"],
    ...["data.workers=1", "head.channels=8", "head.auxiliaryChannels=4", "augmentation.cropSize=12"],
  ];
  return { from, images, layers: [layerFromAssignments(small), layerFromAssignments(assignments)] };
}

beforeAll(async () => {
  const parts = [
    ["training", 16],
    ["validation", 5],
  ] as const;
  images = await writeSet(at("set"), "masks", parts);
  writeFileSync(join(images, "masks", "validation", "002.png"), "broken");
  const shape = { imageSize: 8, patchSize: 4, width: 12, depth: 2, heads: 2, mlpRatio: 2 };
  from = await writeTinyCheckpoint(at("tiny.safetensors"), { shape });
});

describe("a run", () => {
  test("learns classes of pixels, and is tested, looked at and used", async () => {
    const run = at("learnt");
    const recorded = recordOptions();
    const { summary, report } = await trainSegmenter(
      request(
        "schedule.steps=150",
        "head.channels=32",
        "schedule.learningRate=0.003",
        "run.picturesEvery=100",
        "augmentation.colorJitter=null",
      ),
      run,
      recorded,
    );
    expect(summary).toMatchObject({ outcome: "finished", totalSteps: 150 });
    expect(recorded.lines.join("\n")).toMatch(/16 images, 3 classes, in the folders images and masks/);
    const losses = readMetrics(run).map(({ segmentation }) => segmentation as number);
    expect(losses[0]).toBeCloseTo(Math.log(3), 1);
    expect(report!.detail.meanIou).toBeGreaterThan(0.8);
    expect(report!.test).toMatchObject({ images: 4, skipped: ["002.png"] });
    expect(JSON.parse(readFileSync(join(run, "report.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
    expect(existsSync(join(run, "report.png"))).toBe(true);
    expect(readdirSync(join(run, "pictures"))).toEqual(["step-00000100.png", "step-00000150.png"]);

    const again = await evaluateSegmenter({ from: run, threads: 1 });
    expect(again.detail).toEqual(report!.detail);
    const training = await evaluateSegmenter({ from: run, split: "training", threads: 1 });
    expect(training.test.images).toBe(16);

    // Twice as large and wide: several windows.
    const large = rectangles(3, 12);
    mkdirSync(at("others"));
    await writeImage(at("others", "small.png"), large);
    await sharp(at("others", "small.png"))
      .resize(60, 32, { kernel: "nearest", fit: "fill" })
      .toFile(at("others", "wide.png"));
    writeFileSync(at("others", "broken.png"), "broken");
    const predicted = await predictMasks({ from: run, images: [at("others")], out: at("masks"), threads: 1 });
    expect(predicted.images.map(({ image }) => image)).toEqual([at("others", "small.png"), at("others", "wide.png")]);
    expect(predicted.skipped.map(({ name }) => name)).toEqual([at("others", "broken.png")]);
    const mask = decodePngValues(readFileSync(at("masks", "masks", "wide.png")), 1e6);
    expect([mask.width, mask.height]).toEqual([60, 32]);
    expect(mask.palette).toEqual([0, 1, 2].map((label) => [label, 255 - label, 7]));
    const overlay = await sharp(at("masks", "overlays", "wide.png")).metadata();
    expect([overlay.width, overlay.height]).toEqual([60, 32]);
    const own = decodePngValues(readFileSync(at("masks", "masks", "small.png")), 1e6).values;
    const right = own.filter((label, place) => label === large.labels[place]).length / own.length;
    expect(right).toBeGreaterThan(0.85);
    expect(Object.keys(JSON.parse(readFileSync(at("masks", "segmentation.json"), "utf8")))).toContain("classes");
    await expect(predictMasks({ from: run, images: [at("others")], out: at("masks") })).rejects.toThrow(/--overwrite/);
  });

  test.each([
    ["plain", []],
    ["with everything", everything],
    ["with a linear head", ["head.kind=linear"]],
  ] as const)("%s, stopped and resumed, is the run that was never stopped", async (name, assignments) => {
    const [whole, parts] = [at(`${name}-whole`), at(`${name}-parts`)];
    const { report } = await trainSegmenter(request(...assignments), whole, recordOptions());
    const stopped = await trainSegmenter(request(...assignments), parts, recordOptions(4));
    expect([stopped.summary.outcome, stopped.report]).toEqual(["stopped", null]);
    const resumed = await resumeSegmenter(parts, { threads: 1, ...recordOptions() });
    expectSameMetrics(readMetrics(parts), readMetrics(whole), 0);
    expect(resumed.report!.detail).toEqual(report!.detail);
    const [one, other] = [await readSegmentationModel(whole), await readSegmentationModel(parts)];
    for (const [weight, { data }] of one.weights) expect(other.weights.get(weight)!.data).toEqual(data);
  });

  test("from scratch, learns at the same rate in all layers; channels follow the encoder's width", async () => {
    const layers = [layerFromAssignments(["schedule.steps=1", "schedule.batchSize=2", "run.threads=1"])];
    await trainSegmenter({ from: "scratch", preset: "nano", images, layers }, at("scratch"), recordOptions());
    const config = JSON.parse(readFileSync(at("scratch", "config.json"), "utf8"));
    expect(config).toMatchObject({ head: { channels: 64, auxiliaryChannels: 32 }, optimizer: { layerDecay: 1 } });
    expect(config.augmentation.cropSize).toBe(32);
  });

  test("goes on where its set has moved to, and says what else is wrong with it", async () => {
    const run = at("moved");
    await trainSegmenter(request(), run, recordOptions(3));
    const other = await writeSet(at("other"), "masks", [
      ["training", 16],
      ["validation", 5],
    ]);
    writeFileSync(join(other, "masks", "training", "000.png"), "broken");
    await expect(resumeSegmenter(run, { testSource: other })).rejects.toThrow(/leave --test-source out/);
    const { summary } = await resumeSegmenter(run, { source: other, acceptChangedSource: true, ...recordOptions() });
    expect(summary.outcome).toBe("finished");
    expect(JSON.parse(readFileSync(join(run, "config.json"), "utf8")).images).toBe(other);
  });

  test("notices masks that are others than it began with, though the images are the same", async () => {
    const [run, set] = [at("marked"), at("other-masks")];
    cpSync(images, set, { recursive: true });
    await trainSegmenter({ ...request(), images: set }, run, recordOptions(3));
    const mask = join(set, "masks", "validation", "001.png");
    const original = readFileSync(mask);
    const { values, width, height } = decodePngValues(original, 10_000);
    const palette = Array.from({ length: 256 }, (): Color => [0, 0, 0]);
    writeFileSync(mask, encodeIndexedPng(values.toReversed(), width, height, palette));
    await expect(resumeSegmenter(run, recordOptions())).rejects.toThrow(
      /masks or annotations .* found others in the validation part.*--accept-changed/s,
    );
    const options = recordOptions(2);
    await resumeSegmenter(run, { acceptChangedSource: true, ...options });
    expect(options.lines.join("\n")).toContain("Masks or annotations are not those");
    // What was accepted is what the run has from then on.
    writeFileSync(mask, original);
    await expect(resumeSegmenter(run, recordOptions())).rejects.toThrow(/others in the validation part/);
    rmSync(runPaths(run).targets);
    const { summary } = await resumeSegmenter(run, recordOptions());
    expect(summary.outcome).toBe("finished");
  });
});

describe("what cannot be", () => {
  test("is refused before anything is computed, and the folder stays free", async () => {
    const refused = [
      ["schedule.batchSize=17", /schedule.batchSize: expected at most the 16 labelled images; found 17/],
      ["head.kind=fcn", /head.kind \(from --set\): expected .*upernet.*linear/],
      ["encoder.windows={side: 2, globalBlocks: [2]}", /globalBlocks: expected blocks from 0 to 1; found 2/],
      ["augmentation.scale=[2, 1]", /augmentation.scale \(from --set\): expected a list of 2 numbers/],
    ] as const;
    for (const [assignment, message] of refused) {
      await expect(trainSegmenter(request(assignment), at("refused"), recordOptions())).rejects.toThrow(message);
    }
    expect(existsSync(at("refused"))).toBe(false);
    await expect(trainSegmenter(request(), join(images, "images", "run"))).rejects.toThrow(/outside the images/);
  });

  test("says what a folder holds instead of what was expected", async () => {
    await trainSegmenter(request("schedule.steps=1"), at("named"), recordOptions());
    await expect(resume(at("named"))).rejects.toThrow(/holds a segmentation model/);
    await expect(readSegmentationModel(from)).rejects.toThrow(/holds no segmentation model/);
    await expect(evaluateSegmenter({ from: at("named"), images: at("others") })).rejects.toThrow(
      /images with class masks/,
    );
    const others = await writeSet(at("two-classes"), "masks", [["", 2]]);
    writeFileSync(join(others, "classes.txt"), "a\nb\nc\nd\n");
    await expect(evaluateSegmenter({ from: at("named"), images: others })).rejects.toThrow(
      /the 3 classes.*found: 4|3 classes/s,
    );
  });
});
