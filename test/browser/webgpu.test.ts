// A training by WebGPU in a real browser, on a GPU in software: the first steps are those of the CPU in Node.js.
import { afterAll, beforeAll, describe, test } from "vitest";
import { chromiumPath } from "../dashboard/chromium.js";
import { sharedFolder, tinyConfig, writeImages } from "../training/tiny-run.js";
import { expectSame, type LibraryPage, openLibraryPage } from "./page.js";

const at = sharedFolder();
let opened: LibraryPage;

describe.skipIf(chromiumPath === undefined)("in Chromium, by WebGPU", () => {
  beforeAll(async () => {
    await writeImages(at("images"), 40);
    opened = await openLibraryPage(at("images"), "webgpu");
  }, 60_000);
  afterAll(() => opened?.close());

  test("MixedAE takes the steps of a run in Node.js", async () => {
    const config = tinyConfig(at("images"), "method=mixedae", "schedule.steps=4");
    await expectSame(opened, config, at("run"), "webgpu");
  }, 180_000);
});
