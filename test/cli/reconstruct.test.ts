// mixedae reconstruct checks what it can before the engine is loaded.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Training } from "#src/cli/context.js";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { RunDirectory } from "#src/training/run-directory.js";
import { record } from "./recording.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-reconstruct-"));
const run = join(folder, "run");
const images = ["a.png", "b.png", "c.png", "d.png"].map((name) => join(folder, name));
const out = join(folder, "out.png");

beforeAll(async () => {
  for (const path of images) writeFileSync(path, "");
  (await RunDirectory.create(run, resolveConfig([layerFromAssignments(["source=/pictures"])]))).close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("mixedae reconstruct", () => {
  it("passes on run, images and file", async () => {
    const { exitCode, out: text, calls } = await record(["reconstruct", run, ...images, "--out", out]);
    expect(calls).toEqual([["reconstruct", run, images, out, { overwrite: false, warn: expect.any(Function) }]]);
    expect([exitCode, text]).toEqual([0, `Wrote ${out}, with the weights after step 1234\n`]);
  });

  it("passes on that a picture may be replaced, and warnings to the error output", async () => {
    const reconstruct: Training["reconstruct"] = async (_, __, ___, { overwrite, warn }) => {
      warn?.(`step 8 is damaged, overwrite is ${overwrite}`);
      return { step: 4 };
    };
    const args = ["reconstruct", run, ...images, "--out", out, "--overwrite"];
    const { out: text, err } = await record(args, { reconstruct });
    expect([text, err]).toEqual([
      `Wrote ${out}, with the weights after step 4\n`,
      "warning: step 8 is damaged, overwrite is true\n",
    ]);
  });

  it.each<[string, string[], number]>([
    [
      "mixes images in groups of 4: expected a multiple of 4 images; found 3",
      [run, ...images.slice(1), "--out", out],
      2,
    ],
    ["There is no file none.png", [run, "none.png", "--out", out], 2],
    ["There are no files a.png, b.png\n", [run, "a.png", images[0]!, "b.png", "--out", out], 2],
    ["expected a name that ends in .png; found out.jpg", [run, ...images, "--out", "out.jpg"], 2],
    ["is not a run: expected a folder with a config.json", [folder, ...images, "--out", out], 2],
  ])("says: %s", async (words, args, code) => {
    const { exitCode, err, calls } = await record(["reconstruct", ...args]);
    expect([exitCode, calls]).toEqual([code, []]);
    expect(err).toContain(words);
  });
});
