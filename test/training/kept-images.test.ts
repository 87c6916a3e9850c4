// A run and its images: what changed since it began is noticed when it goes on.
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { SourceChangedError } from "#src/data/index.js";
import type { ResumeOverrides } from "#src/training/hooks.js";
import { pretrain, resume } from "#src/training/pretrain.js";
import { readRunConfig } from "#src/training/run-config.js";
import { runPaths } from "#src/training/run-folder.js";
import { readSourceFile } from "#src/training/source-file.js";
import { patternImage } from "../data/image-files.js";
import { expectSameMetrics, readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();

beforeAll(async () => {
  await writeImages(at("images"));
  await pretrain(tinyConfig(at("images")), at("uninterrupted"), recordOptions());
});

/** A run of its own images that was stopped after 4 of 10 steps. */
async function stoppedRun(name: string, ...assignments: readonly string[]) {
  const [source, run] = [at(name, "images"), at(name, "run")];
  cpSync(at("images"), source, { recursive: true, preserveTimestamps: true });
  const summary = await pretrain(tinyConfig(source, ...assignments), run, recordOptions(4));
  expect(summary.step).toBe(4);
  return { source, run };
}

async function goOn(run: string, overrides: ResumeOverrides = {}) {
  const hooks = recordOptions();
  return { summary: await resume(run, { ...overrides, ...hooks }), lines: hooks.lines };
}

test("a run keeps names, sizes, times and checksums of its images", async () => {
  const record = readSourceFile(runPaths(at("uninterrupted")).images)!;
  expect(record.names.length).toBe(40);
  expect(record.names[7]).toBe("007.png");
  expect(record.stamps!.sizes[7]).toBe(readFileSync(at("images", "007.png")).length);
  expect([...record.stamps!.sizes].every((size) => size > 0)).toBe(true);
  expect(record.containers.map(({ name }) => name)).toEqual([""]);
});

describe("resume refuses, and says what is different, where", () => {
  const cases: readonly [string, (source: string) => void | Promise<void>, RegExp][] = [
    [
      "an image was renamed",
      (source) => renameSync(join(source, "003.png"), join(source, "03.png")),
      /1 renamed: 003\.png to 03\.png/,
    ],
    ["an image was removed", (source) => rmSync(join(source, "003.png")), /1 removed: 003\.png/],
    ["an image was added", (source) => cpSync(join(source, "003.png"), join(source, "x.png")), /1 added: x\.png/],
    [
      "an image was overwritten",
      async (source) => writeFileSync(join(source, "003.png"), await patternImage(16, 16, 77).png().toBuffer()),
      /003\.png to be as it was when it was read before/,
    ],
  ];
  test.each(cases)("%s", async (name, change, message) => {
    const { source, run } = await stoppedRun(name.replaceAll(" ", "-"));
    await change(source);
    await expect(goOn(run)).rejects.toThrow(SourceChangedError);
    await expect(goOn(run)).rejects.toThrow(message);
    await expect(goOn(run)).rejects.toThrow(/--accept-changed-source/);
    const { summary, lines } = await goOn(run, { acceptChangedSource: true });
    expect(summary.outcome).toBe("finished");
    expect(lines.join("\n")).toMatch(/Images are not those that the run began with: 1 (renamed|removed|added|changed)/);
    expect(readFileSync(runPaths(run).log, "utf8")).toMatch(/warning Images are not those/);
    // What was accepted is what the run knows from now on.
    expect((await goOn(run)).summary.outcome).toBe("finished");
  });
});

test("an image that is overwritten while a set is streamed ends the run where it is read next", async () => {
  const { source, run } = await stoppedRun("streamed", "data.memoryBudgetMiB=0");
  const { names, stamps } = readSourceFile(runPaths(run).images)!;
  const read = names.find((_, row) => stamps!.sizes[row] !== 0)!;
  writeFileSync(join(source, read), await patternImage(16, 16, 77).png().toBuffer());
  await expect(goOn(run)).rejects.toThrow(`${read} to be as it was`);
  await expect(goOn(run, { verifySource: true })).rejects.toThrow(`1 changed: ${read}`);
});

test("a folder that moved is found by --source, and a copy with other times is the same set", async () => {
  const { source, run } = await stoppedRun("moved");
  const copy = at("moved", "elsewhere");
  cpSync(source, copy, { recursive: true });
  rmSync(source, { recursive: true });
  await expect(goOn(run)).rejects.toThrow(/nothing there/);
  const { summary } = await goOn(run, { source: copy });
  expect(summary.outcome).toBe("finished");
  expect(readRunConfig(run).source).toBe(copy);
  expectSameMetrics(readMetrics(run), readMetrics(at("uninterrupted")), 0);
});

test("another folder of as many images is not taken for the run's", async () => {
  const { run } = await stoppedRun("other");
  const other = await writeImages(at("other", "others"), 40, 20);
  await expect(goOn(run, { source: other })).rejects.toThrow(/40 changed: 000\.png, .* and 35 more/);
  expect(basename(String(readRunConfig(run).source))).toBe("images");
});

test("a run of before, without a record, goes on with one warning", async () => {
  const { run } = await stoppedRun("before");
  rmSync(runPaths(run).images);
  const first = recordOptions(2);
  await resume(run, first);
  expect(first.lines.filter((line) => line.includes("no record of its images"))).toHaveLength(1);
  const { summary, lines } = await goOn(run);
  expect(lines.join("\n")).not.toContain("no record");
  expect(summary.outcome).toBe("finished");
  expectSameMetrics(readMetrics(run), readMetrics(at("uninterrupted")), 0);
});

test("a damaged record is refused in words", async () => {
  const { run } = await stoppedRun("damaged");
  const path = runPaths(run).images;
  const whole = readFileSync(path);
  const lines = gunzipSync(whole).toString("utf8").split("\n");
  const damaged = [
    whole.subarray(0, whole.length / 2),
    Buffer.from("garbage"),
    gzipSync(lines.slice(0, -2).join("\n")),
    gzipSync(lines.toSpliced(3, 1).join("\n")),
    gzipSync(lines.with(3, "null").join("\n")),
    gzipSync(lines.with(3, '["a", -1, 0, 0]').join("\n")),
    gzipSync(lines.with(0, '{"format":"mixedae-images","version":2}').join("\n")),
  ];
  for (const bytes of damaged) {
    writeFileSync(path, bytes);
    await expect(goOn(run)).rejects.toThrow(/images\.jsonl\.gz should hold.*it is damaged.*delete it/);
  }
  writeFileSync(path, whole);
  expect((await goOn(run)).summary.outcome).toBe("finished");
});
