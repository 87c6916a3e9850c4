// Composed scenes: exact masks and boxes, disjoint cut-outs, layouts that other commands read, and continuing after a stop.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { openSource } from "#src/data/index.js";
import { decodeRuns, decompressRuns } from "#src/formats/coco-rle.js";
import { type ComposeRequest, composeScenes } from "#src/scenes/compose.js";
import { composeScene, mainLabel } from "#src/scenes/compose-scene.js";
import { openCutouts } from "#src/scenes/cutouts.js";
import { StoppedError } from "#src/training/errors.js";
import { sharedFolder, silentProgress } from "../evaluations/tiny-sets.js";

const at = sharedFolder();
const SIZE = 32;

/** A filled circle or square of a colour, with a clear border. */
async function cutout(round: boolean, color: readonly number[]): Promise<Buffer> {
  const side = 24;
  const rgba = Uint8Array.from({ length: side * side * 4 }, (_, i) => {
    const [row, column] = [Math.floor(i / 4 / side) - 11.5, (Math.floor(i / 4) % side) - 11.5];
    const inside = round ? Math.hypot(row, column) < 9 : Math.max(Math.abs(row), Math.abs(column)) < 8;
    return i % 4 === 3 ? (inside ? 255 : 0) : color[i % 4]!;
  });
  return sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
    .png()
    .toBuffer();
}

function request(change: Partial<ComposeRequest> = {}): ComposeRequest {
  const counts = { training: 14, validation: 5 };
  return { cutouts: at("cutouts"), out: at("out"), seed: 3, imageSize: SIZE, objects: [1, 3], counts, ...change };
}

const hooks = (stopAfter = Number.POSITIVE_INFINITY) => {
  let asked = 0;
  return { progress: silentProgress(), stopRequested: () => ++asked > stopAfter };
};

beforeAll(async () => {
  for (const name of ["round things", "squares"]) mkdirSync(at("cutouts", name), { recursive: true });
  for (let index = 0; index < 10; index++) {
    writeFileSync(at("cutouts", "round things", `r${index}.png`), await cutout(true, [255, 20 * index, 0]));
    writeFileSync(at("cutouts", "squares", `s${index}.png`), await cutout(false, [0, 20 * index, 255]));
  }
  const opaque = sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } });
  writeFileSync(at("cutouts", "squares", "opaque.png"), await opaque.png().toBuffer());
  writeFileSync(at("cutouts", "squares", "broken.png"), "no image");
  await composeScenes(request(), hooks());
});

describe("cut-outs", () => {
  test("are split so that no split shows another's, and what is none is named", async () => {
    const { classes, sets, skipped } = await openCutouts({ folder: at("cutouts"), seed: 1, validationShare: 0.2 });
    expect(classes).toEqual(["round things", "squares"]);
    expect([sets.training.length, sets.validation.length]).toEqual([16, 4]);
    const paths = new Set(sets.training.map(({ path }) => path));
    expect(sets.validation.some(({ path }) => paths.has(path))).toBe(false);
    expect(skipped.map(({ name }) => name)).toEqual(["squares/broken.png", "squares/opaque.png"]);
    expect(skipped[1]!.reason).toBe("it has no transparency");
  });

  test("get classes from a file as well, and what fits no class is left out", async () => {
    const entries = [0, 1, 2].flatMap((i) => [
      { image: `r${i}.png`, category: "A", more: 1 },
      { image: `s${i}.png`, category: "B" },
    ]);
    writeFileSync(at("labels.json"), JSON.stringify(entries));
    const options = { folder: at("cutouts"), seed: 1, validationShare: 0.2 };
    const found = await openCutouts({ ...options, labels: at("labels.json") });
    expect([found.classes, found.sets.training.length, found.sets.validation.length]).toEqual([["A", "B"], 4, 2]);
    writeFileSync(at("labels.json"), JSON.stringify({ "r0.png": "A", "r1.png": "A", "s0.png": "B", "s1.png": "B" }));
    expect((await openCutouts({ ...options, labels: at("labels.json") })).sets.validation).toHaveLength(2);
    for (const wrong of ["[1]", "{", '{"a": 1}']) {
      writeFileSync(at("labels.json"), wrong);
      await expect(openCutouts({ ...options, labels: at("labels.json") })).rejects.toThrow(/labels.json/);
    }
    writeFileSync(at("labels.json"), '{"r0.png": "A"}');
    await expect(openCutouts({ ...options, labels: at("labels.json") })).rejects.toThrow(/1 cut-outs in 0 classes/);
  });
});

describe("a scene", () => {
  test("has masks, boxes and areas that agree to the pixel, and shows a good part of each object", async () => {
    const { sets } = await openCutouts({ folder: at("cutouts"), seed: 1, validationShare: 0.2 });
    for (let index = 0; index < 30; index++) {
      const scene = await composeScene(sets.training, "training", index, { seed: 5, imageSize: SIZE, objects: [1, 4] });
      expect(scene.objects.length).toBeGreaterThanOrEqual(1);
      for (const [object, { box, area }] of scene.objects.entries()) {
        const places = [...scene.instances.keys()].filter((place) => scene.instances[place] === object + 1);
        const rows = places.map((place) => Math.floor(place / SIZE));
        const columns = places.map((place) => place % SIZE);
        const [left, top] = [Math.min(...columns), Math.min(...rows)];
        expect(area).toBe(places.length);
        expect(area).toBeGreaterThan(10);
        expect(box).toEqual([left, top, Math.max(...columns) - left + 1, Math.max(...rows) - top + 1]);
      }
      const areas = scene.objects.map(({ area }) => area);
      expect(scene.objects[areas.indexOf(Math.max(...areas))]!.label).toBe(mainLabel(scene));
      // Well inside of an object, pixels have the cut-out's colour: red for round things, blue for squares.
      for (const [place, id] of scene.instances.entries()) {
        const around = [-1, 1, -SIZE, SIZE, -SIZE - 1, SIZE + 1].map((step) => scene.instances[place + step]);
        if (id === 0 || around.some((other) => other !== id)) continue;
        const own = scene.objects[id - 1]!.label === 0 ? 0 : 2;
        expect(scene.pixels[3 * place + own]!).toBeGreaterThan(150);
      }
    }
  });

  test("is a function of seed, split and number", async () => {
    const { sets } = await openCutouts({ folder: at("cutouts"), seed: 1, validationShare: 0.2 });
    const options = { seed: 5, imageSize: SIZE, objects: [2, 2] as const };
    const scene = await composeScene(sets.training, "training", 3, options);
    expect(await composeScene(sets.training, "training", 3, options)).toEqual(scene);
    const others = [
      await composeScene(sets.training, "training", 4, options),
      await composeScene(sets.training, "validation", 3, options),
      await composeScene(sets.training, "training", 3, { ...options, seed: 6 }),
    ];
    for (const other of others) expect(other.pixels).not.toEqual(scene.pixels);
  });
});

describe("a set", () => {
  const instances = (split: string) => JSON.parse(readFileSync(at("out", `instances_${split}.json`), "utf8"));

  test("opens as labelled images of the object that shows most", async () => {
    const source = await openSource(at("out", "images", "training"));
    expect(source.count).toBe(14);
    expect(source.classes).toEqual(["round-things", "squares"]);
    expect(readFileSync(at("out", "classes.txt"), "utf8")).toBe("round things\nsquares\n");
    expect((await openSource(at("out", "images", "validation"))).count).toBe(5);
    expect((await sharp(at("out", "contact-sheet.png")).metadata()).width).toBeGreaterThan(500);
  });

  test("has COCO's instances and ADE20K's masks, which say the same", async () => {
    for (const split of ["training", "validation"]) {
      const { images, annotations, categories } = instances(split);
      expect(categories).toEqual([
        { id: 1, name: "round things", supercategory: "object" },
        { id: 2, name: "squares", supercategory: "object" },
      ]);
      expect(annotations.map(({ id }: { id: number }) => id)).toEqual(
        annotations.map((_: unknown, i: number) => i + 1),
      );
      for (const { id, file_name, width, height } of images) {
        expect([width, height]).toEqual([SIZE, SIZE]);
        const mask = sharp(at("out", "annotations", split, file_name));
        const { width: columns, height: rows, channels } = await mask.metadata();
        expect([columns, rows, channels]).toEqual([SIZE, SIZE, 1]);
        const data = await mask.extractChannel(0).raw().toBuffer();
        const painted = new Uint8Array(SIZE * SIZE);
        for (const each of annotations.filter(({ image_id }: { image_id: number }) => image_id === id)) {
          const runs = decodeRuns(decompressRuns(each.segmentation.counts), SIZE, SIZE);
          expect(runs.reduce((sum, value) => sum + value, 0)).toBe(each.area);
          for (const [place, value] of runs.entries()) if (value === 1) painted[place] = each.category_id;
        }
        expect(painted).toEqual(new Uint8Array(data));
        expect((await sharp(at("out", "images", split, file_name)).metadata()).width).toBe(SIZE);
      }
    }
  });

  test("stopped, goes on, and is the same set; what is there is not written again", async () => {
    const out = at("parts");
    expect((await composeScenes(request({ out }), hooks(6))).outcome).toBe("stopped");
    expect(existsSync(join(out, "instances_training.json"))).toBe(false);
    const [folder] = readdirSync(join(out, "images", "training"));
    const [name] = readdirSync(join(out, "images", "training", folder!));
    const first = join(out, "images", "training", folder!, name!);
    const before = statSync(first).mtimeMs;
    expect((await composeScenes(request({ out }), hooks())).outcome).toBe("finished");
    expect(statSync(first).mtimeMs).toBe(before);
    const files = readdirSync(out, { recursive: true, encoding: "utf8" }).sort();
    expect(files).toEqual(readdirSync(at("out"), { recursive: true, encoding: "utf8" }).sort());
    for (const file of files.filter((each) => statSync(join(out, each)).isFile())) {
      expect(readFileSync(join(out, file)).equals(readFileSync(at("out", file))), file).toBe(true);
    }
  });

  test("is refused among its cut-outs, and where other files have the names of a set", async () => {
    for (const out of [at("cutouts"), at("cutouts", "squares", "scenes")]) {
      await expect(composeScenes(request({ out }), hooks())).rejects.toThrow("outside the images");
    }
    mkdirSync(at("own", "images"), { recursive: true });
    cpSync(at("cutouts"), at("own", "images", "mine"), { recursive: true });
    const within = composeScenes(request({ cutouts: at("own", "images", "mine"), out: at("own") }), hooks());
    await expect(within).rejects.toThrow("outside the images");
    await expect(composeScenes(request({ out: at("own") }), hooks())).rejects.toThrow(
      /found .*images, which is not of/,
    );
    mkdirSync(at("named"));
    writeFileSync(at("named", "classes.txt"), "mine");
    await expect(composeScenes(request({ out: at("named") }), hooks())).rejects.toThrow(/found .*classes\.txt, which/);
    expect(readdirSync(at("named"))).toEqual(["classes.txt"]);
  });

  test("of other options is refused in the same folder, and a folder without cut-outs by name", async () => {
    const stopped = { ...hooks(), signal: AbortSignal.abort(new StoppedError()) };
    await expect(composeScenes(request({ out: at("stopped") }), stopped)).rejects.toBeInstanceOf(StoppedError);
    expect(existsSync(at("stopped"))).toBe(false);
    await expect(composeScenes(request({ seed: 4 }), hooks())).rejects.toThrow(
      /scenes of the same cut-outs and options/,
    );
    mkdirSync(at("empty"));
    await expect(composeScenes(request({ cutouts: at("empty"), out: at("new") }), hooks())).rejects.toThrow(/empty/);
    rmSync(at("new"), { recursive: true, force: true });
  });
});
