// Training of a detection as a whole: it learns, resumes exactly, is tested, and finds objects in images of any size.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { layerFromAssignments } from "#src/config/config.js";
import {
  type DetectRequest,
  evaluateDetector,
  predictObjects,
  readDetectorModel,
  resumeDetector,
  trainDetector,
} from "#src/evaluations/index.js";
import { parseCocoInstances, parseCocoResults } from "#src/formats/index.js";
import { evaluateDetections } from "#src/heads/index.js";
import { resume } from "#src/training/index.js";
import { allTogether } from "../../processes/local-processes.js";
import { expectSameMetrics, readMetrics, recordOptions } from "../../training/tiny-run.js";
import { rectangles, writeImage } from "../segment/masked-sets.js";
import { sharedFolder, writeTinyCheckpoint } from "../tiny-sets.js";
import { writeCocoSet } from "./marked-sets.js";

const at = sharedFolder();
let [images, from] = ["", ""];

const everything = [
  "head.pyramid=fpn",
  "head.finest=4",
  "encoder.relativePositions=true",
  "encoder.windows={side: 2, globalBlocks: [1]}",
  "regularization.dropPath=0.2",
  "schedule.microBatch=3",
  "sampling.boxBeta=0.1",
  "rateDecay=steps",
];

function request(...assignments: readonly string[]): DetectRequest {
  const small = [
    ...["schedule.batchSize=6", "schedule.steps=6", "run.threads=1", "run.checkpointEvery=3", "run.picturesEvery=0"],
    ...[
      "data.workers=1",
      "head.channels=8",
      "head.boxWidth=16",
      "augmentation.imageSize=16",
      "head.maskConvolutions=1",
    ],
    ...["sampling.anchors=32", "sampling.regions=16", "sampling.proposals=20", "testing.proposals=20"],
  ];
  return { from, images, layers: [layerFromAssignments(small), layerFromAssignments(assignments)] };
}

beforeAll(async () => {
  images = await writeCocoSet(at("set"), 18, 7);
  const shape = { imageSize: 8, patchSize: 4, width: 12, depth: 2, heads: 2, mlpRatio: 2 };
  from = await writeTinyCheckpoint(at("tiny.safetensors"), { shape });
});

describe("a run", () => {
  test("learns boxes and masks, and is tested, looked at and used", { timeout: 120_000 }, async () => {
    const run = at("learnt");
    const recorded = recordOptions();
    const { summary, report } = await trainDetector(
      request(
        ...["schedule.steps=120", "schedule.learningRate=0.01", "head.channels=16", "head.boxWidth=32"],
        ...["head.finest=2", "augmentation.scale=[1,1]", "augmentation.flip=false", "run.picturesEvery=100"],
      ),
      run,
      recorded,
    );
    expect(summary).toMatchObject({ outcome: "finished", totalSteps: 120 });
    expect(recorded.lines.join("\n")).toMatch(/17 of 2 classes in 18 images/);
    expect(report!.classes).toEqual(["red thing", "blue thing"]);
    expect(report!.test).toMatchObject({ images: 7, skipped: [] });
    // A square that is found roughly is found at half of its area, and its mask with it.
    expect(report!.detail.bbox[1]).toBeGreaterThan(0.8);
    expect(report!.detail.segm![1]).toBeGreaterThan(0.8);
    expect(report!.detail.boxAp).toBe(report!.detail.bbox[0]);
    expect(JSON.parse(readFileSync(join(run, "report.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(report)));
    expect(existsSync(join(run, "report.png"))).toBe(true);
    expect(readdirSync(join(run, "pictures"))).toEqual(["step-00000100.png", "step-00000120.png"]);

    const again = await evaluateDetector({ from: run, threads: 1 });
    expect(again.detail).toEqual(report!.detail);
    const training = await evaluateDetector({ from: run, split: "training", threads: 1 });
    expect(training.test.images).toBe(18);
    const parts = await allTogether(2, (communicator) => evaluateDetector({ from: run, threads: 1 }, { communicator }));
    for (const part of parts) expect(part).toEqual(again);

    // What it writes of the same images is scored alike by anybody.
    const predicted = await predictObjects({
      from: run,
      images: [join(images, "val2017")],
      out: at("found"),
      threads: 1,
    });
    const truth = parseCocoInstances(readFileSync(join(images, "annotations", "instances_val2017.json")));
    const results = parseCocoResults(readFileSync(at("found", "results.json")));
    const byName = new Map(truth.images.map(({ id, name }) => [name, id]));
    const renamed = results.map((each) => {
      const { image } = predicted.images[each.imageId - 1]!;
      return { ...each, imageId: byName.get(image.slice(image.lastIndexOf("/") + 1))! };
    });
    const scores = evaluateDetections(truth, renamed);
    for (const [place, value] of report!.detail.bbox.entries()) {
      expect(scores.bbox!.measures[place]!).toBeCloseTo(value, 2);
    }
    expect(scores.segm!.measures[0]!).toBeCloseTo(report!.detail.maskAp!, 2);

    // Larger and wide, and one that cannot be read.
    mkdirSync(at("others"));
    const large = rectangles(2, 16);
    await writeImage(at("others", "small.png"), large);
    await sharp(at("others", "small.png"))
      .resize(large.width * 3, large.height * 3, { kernel: "nearest" })
      .extend({ right: 8, background: { r: 20, g: 200, b: 40 } })
      .toFile(at("others", "wide.png"));
    writeFileSync(at("others", "broken.png"), "broken");
    const others = await predictObjects({ from: run, images: [at("others")], out: at("others-found"), threads: 1 });
    expect(others.skipped.map(({ name }) => name)).toEqual([at("others", "broken.png")]);
    const [small, wide] = others.images;
    expect(small!.objects[0]).toMatchObject({ name: "red thing" });
    // The same object in pixels of the larger image.
    const [left, top, width, height] = wide!.objects[0]!.box as [number, number, number, number];
    expect(Math.abs(left - 3 * 2)).toBeLessThan(12);
    expect(Math.abs(top - 3 * 2)).toBeLessThan(12);
    expect(width / height).toBeGreaterThan(0.5);
    expect(width / height).toBeLessThan(2);
    const picture = await sharp(wide!.picture).metadata();
    expect(picture.width! % (large.width * 3 + 8)).toBe(0);
    await expect(predictObjects({ from: run, images: [at("others")], out: at("others-found") })).rejects.toThrow(
      /--overwrite/,
    );
  });

  test.each([
    ["plain", []],
    ["with everything", everything],
    ["with boxes alone", ["head.masks=false"]],
  ] as const)("%s, stopped and resumed, is the run that was never stopped", async (name, assignments) => {
    const [whole, parts] = [at(`${name}-whole`), at(`${name}-parts`)];
    const { report } = await trainDetector(request(...assignments), whole, recordOptions());
    const stopped = await trainDetector(request(...assignments), parts, recordOptions(4));
    expect([stopped.summary.outcome, stopped.report]).toEqual(["stopped", null]);
    const resumed = await resumeDetector(parts, { threads: 1, ...recordOptions() });
    expectSameMetrics(readMetrics(parts), readMetrics(whole), 0);
    expect(resumed.report!.detail).toEqual(report!.detail);
    const [one, other] = [await readDetectorModel(whole), await readDetectorModel(parts)];
    for (const [weight, { data }] of one.weights) expect(other.weights.get(weight)!.data).toEqual(data);
  });

  test("notices annotations that are others than it began with", async () => {
    const [run, set] = [at("annotated"), at("other-annotations")];
    cpSync(images, set, { recursive: true });
    await trainDetector({ ...request(), images: set }, run, recordOptions(2));
    const path = join(set, "annotations", "instances_train2017.json");
    const { annotations, ...rest } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...rest, annotations: annotations.slice(1) }));
    const resumed = resumeDetector(run, recordOptions());
    await expect(resumed).rejects.toThrow(/masks or annotations .* found others in the training part/s);
  });

  test("the loss of a batch does not depend on the parts in which it is computed", async () => {
    const first = async (microBatch: number) => {
      const folder = at(`parts-of-${microBatch}`);
      await trainDetector(request("schedule.steps=1", `schedule.microBatch=${microBatch}`), folder, recordOptions());
      return readMetrics(folder)[0] as unknown as Record<string, number>;
    };
    const [whole, parts] = [await first(6), await first(2)];
    for (const name of ["loss", "objectness", "proposalBoxes", "classes", "boxes", "masks", "gradientNorm"]) {
      expect(Math.abs(parts[name]! / whole[name]! - 1), name).toBeLessThan(1e-4);
    }
  });

  test("several processes compute what one does", async () => {
    const [one, three] = [at("one-process"), at("three-processes")];
    const given = request("regularization.dropPath=0.2", "schedule.microBatch=2");
    const { report } = await trainDetector(given, one, recordOptions());
    const results = await allTogether(3, (communicator) => {
      const { onEvent } = recordOptions();
      return trainDetector(given, three, { communicator, ...(communicator.rank === 0 && { onEvent }) });
    });
    expectSameMetrics(readMetrics(three), readMetrics(one), 1e-4);
    for (const result of results) expect(result.report!.test).toEqual(report!.test);
  });

  test("from scratch, with the widths of its encoder", async () => {
    const layers = [layerFromAssignments(["schedule.steps=1", "schedule.batchSize=2", "run.threads=1"])];
    await trainDetector({ from: "scratch", preset: "nano", images, layers }, at("scratch"), recordOptions());
    const config = JSON.parse(readFileSync(at("scratch", "config.json"), "utf8"));
    expect(config).toMatchObject({ head: { channels: 64, boxWidth: 256 }, optimizer: { layerDecay: 1 } });
    expect(config.augmentation.imageSize).toBe(32);
    expect(config.classes).toEqual([
      { id: 3, name: "red thing" },
      { id: 7, name: "blue thing" },
    ]);
  });
});

describe("what cannot be", () => {
  test("is refused before anything is computed, and the folder stays free", async () => {
    const refused = [
      ["schedule.batchSize=19", /schedule.batchSize: expected at most the 18 labelled images; found 19/],
      ["head.finest=3", /head.finest \(from --set\): expected 1, 2 or 4/],
      ["encoder.windows={side: 2, globalBlocks: [2]}", /globalBlocks: expected blocks from 0 to 1; found 2/],
      ["augmentation.scale=[2, 1]", /augmentation.scale \(from --set\): expected a list of 2 numbers/],
    ] as const;
    for (const [assignment, message] of refused) {
      await expect(trainDetector(request(assignment), at("refused"), recordOptions())).rejects.toThrow(message);
    }
    expect(existsSync(at("refused"))).toBe(false);
  });

  test("says what is wrong with a set, by the file or the annotation", async () => {
    const broken = await writeCocoSet(at("broken"), 3, 2);
    const file = join(broken, "annotations", "instances_train2017.json");
    const right = JSON.parse(readFileSync(file, "utf8"));
    const attempt = () => trainDetector({ ...request("schedule.batchSize=1"), images: broken }, at("never"));
    writeFileSync(file, JSON.stringify({ ...right, annotations: [{ ...right.annotations[0], bbox: [1, 2, -3, 4] }] }));
    await expect(attempt()).rejects.toThrow(/instances_train2017.json.*annotation 1000: expected a bbox/s);
    const missing = { id: 5, file_name: "none.png", width: 8, height: 8 };
    writeFileSync(file, JSON.stringify({ ...right, images: [...right.images, missing] }));
    await expect(attempt()).rejects.toThrow(/1 of 4 missing, such as none.png/);
    writeFileSync(file, JSON.stringify({ ...right, annotations: [] }));
    await expect(attempt()).rejects.toThrow(/objects in the training images.*none/s);
    await expect(trainDetector({ ...request(), images: at("others") }, at("never"))).rejects.toThrow(
      /instances_training.json.*mixedae data compose/s,
    );
    const boxes = await writeCocoSet(at("boxes"), 3, 2, { masks: false });
    const crowds = JSON.parse(readFileSync(join(boxes, "annotations", "instances_train2017.json"), "utf8"));
    const without = crowds.annotations.map(({ segmentation: _, ...each }: object & { segmentation?: unknown }) => each);
    writeFileSync(
      join(boxes, "annotations", "instances_train2017.json"),
      JSON.stringify({ ...crowds, annotations: without }),
    );
    await expect(trainDetector({ ...request("schedule.batchSize=1"), images: boxes }, at("never"))).rejects.toThrow(
      /head.masks=false/,
    );
  });

  test("says what a folder holds instead of what was expected", async () => {
    await trainDetector(request("schedule.steps=1"), at("named"), recordOptions());
    await expect(resume(at("named"))).rejects.toThrow(/holds a detector/);
    await expect(readDetectorModel(from)).rejects.toThrow(/holds no detector/);
    const other = await writeCocoSet(at("other-categories"), 3, 2);
    const file = join(other, "annotations", "instances_val2017.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("red thing", "green thing"));
    await expect(evaluateDetector({ from: at("named"), images: other })).rejects.toThrow(/3 green thing/);
  });
});
