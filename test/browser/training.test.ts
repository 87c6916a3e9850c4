// A training in a real browser: the same metrics as in Node.js, checkpoints that both go on from, and clear refusals.
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pretrain } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { chromiumPath } from "../dashboard/chromium.js";
import { recordOptions, sharedFolder, tinyConfig, tinyDistillationConfig, writeImages } from "../training/tiny-run.js";
import { expectSame, type LibraryPage, openLibraryPage } from "./page.js";

const at = sharedFolder();
const STEPS = 50;
let opened: LibraryPage;

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    await writeImages(at("images"), 40);
    opened = await openLibraryPage(at("images"));
  }, 60_000);
  afterAll(() => opened?.close());

  test("images are decoded to the pixels that Node.js sees", async () => {
    const found = await opened.run<number[]>("return [...images[3].pixels];");
    const { default: sharp } = await import("sharp");
    expect(found).toEqual([...(await sharp(at("images", "003.png")).raw().toBuffer())]);
  });

  test("transparent ones lie on the background, and large ones are shrunk in their own proportions", async () => {
    const { default: sharp } = await import("sharp");
    const clear = {
      create: { width: 60, height: 30, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    } as const;
    const file = (await sharp(clear).png().toBuffer()).toString("base64");
    const found = await opened.run<{ width: number; height: number; pixels: number[] }>(
      `const image = await library.decodeImageFile(blobOf(given), { workingSide: 10, background: [9, 200, 30] });
       return { ...image, pixels: [...image.pixels.slice(0, 3)] };`,
      file,
    );
    expect(found).toMatchObject({ width: 20, height: 10, pixels: [9, 200, 30] });
  });

  test.each([
    ["mixedae", []],
    ["mixedae", ["methodOptions.mode=full", "methodOptions.segmentShare=0.5"]],
    ["mae", []],
    ["mixing", []],
    ["simmim", []],
  ] as const)(
    "%s learns as in Node.js %j",
    async (method, keys) => {
      const config = tinyConfig(at("images"), `method=${method}`, `schedule.steps=${STEPS}`, ...keys);
      await expectSame(opened, config, at(method + keys));
    },
    60_000,
  );

  test.each(["ibot", "dino"] as const)("%s learns as in Node.js", async (method) => {
    const config = tinyDistillationConfig(method, at("images"), `schedule.steps=${STEPS}`);
    await expectSame(opened, config, at(method));
  }, 60_000);

  test("a page goes on from its own checkpoint, and from that of a run, as if nothing had stopped", async () => {
    const config = tinyConfig(at("images"), "method=mixedae", "schedule.steps=20");
    const [whole, halves, bytes] = await opened.run<[{ loss: number }[], { loss: number }[], string]>(
      `const whole = await train(await library.PageTraining.begin(given, images), 20);
       const first = await library.PageTraining.begin(given, images);
       const before = await train(first, 8);
       const bytes = await first.checkpoint();
       first.close();
       const after = await train(await library.PageTraining.resume(bytes, "mine", images), 20);
       let text = "";
       for (const byte of bytes) text += String.fromCharCode(byte);
       return [whole, [...before, ...after], btoa(text)];`,
      config,
    );
    expect(halves.map(({ loss }) => loss)).toEqual(whole.map(({ loss }) => loss));
    // The command line takes it as it takes one of its own.
    writeFileSync(at("page.safetensors"), Buffer.from(bytes, "base64"));
    const { shape, origin } = await loadPretrained(at("page.safetensors"));
    expect([shape.width, origin]).toEqual([16, expect.stringContaining("step 8")]);
    await pretrain(tinyConfig(at("images"), "method=mixedae", "schedule.steps=20"), at("run"), recordOptions(8));
    const stored = readFileSync(at("run", "checkpoints", "step-00000008.safetensors")).toString("base64");
    const later = await opened.run<{ step: number; loss: number }[]>(
      `const bytes = new Uint8Array(await blobOf(given).arrayBuffer());
       return train(await library.PageTraining.resume(bytes, "theirs", images), 20);`,
      stored,
    );
    expect(later.map(({ step }) => step)).toEqual(whole.slice(8).map((_, place) => 9 + place));
    for (const [place, { loss }] of later.entries()) expect(loss).toBeCloseTo(whole[8 + place]!.loss, 5);
  }, 60_000);

  test("what cannot be gone on from, or with, is refused in words", async () => {
    const config = tinyConfig(at("images"), "schedule.steps=3");
    const refusals = await opened.run<string[]>(
      `const training = await library.PageTraining.begin(given, images);
       const bytes = await training.checkpoint();
       const changed = bytes.slice();
       changed[changed.length - 5] ^= 1;
       const refusalOf = (promise) => promise.then(() => "none", (error) => error.message);
       return Promise.all([
         refusalOf(library.PageTraining.resume(changed, "changed.safetensors", images)),
         refusalOf(library.PageTraining.resume(bytes.slice(0, 5000), "cut.safetensors", images)),
         refusalOf(library.PageTraining.resume(new Uint8Array(20), "empty.safetensors", images)),
         refusalOf(library.PageTraining.begin(given, images.slice(0, 3))),
         refusalOf(library.PageTraining.begin({ ...given, method: "maee" }, images)),
         refusalOf(library.PageTraining.begin({
           ...{ source: "grey", method: "mae", model: { preset: "nano", channels: 1 } },
           ...{ data: { mean: [0.5], std: [0.5] }, schedule: { steps: 1, batchSize: 8 } },
         }, images)),
         refusalOf(library.decodeImageFile(new Blob(["none"]), { workingSide: 16, background: [0, 0, 0] })),
       ]);`,
      config,
    );
    expect(refusals).toEqual([
      expect.stringMatching(/^changed.safetensors is not a usable checkpoint: its content has changed/),
      expect.stringMatching(/^cut.safetensors is not a usable checkpoint/),
      expect.stringMatching(/^empty.safetensors is not a usable checkpoint/),
      expect.stringMatching(/8 images/),
      expect.stringMatching(/Did you mean mae\?/),
      expect.stringMatching(/images of 3 channels; found 1/),
      expect.stringMatching(/the file.*this browser cannot read it as an image/),
    ]);
  });
});
