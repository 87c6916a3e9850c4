// Names and keys from elsewhere that hold control characters reach no terminal, no log and no page as they are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "#src/formats/safetensors.js";
import { table } from "#src/study/markdown.js";
import { runPaths } from "#src/training/run-folder.js";
import { patternImage, plainImage } from "../data/image-files.js";
import { writeTinyCheckpoint } from "../evaluations/tiny-sets.js";
import { startProgram } from "../training/command-line.js";
import { sharedFolder, tinyAssignments, writeImages } from "../training/tiny-run.js";

/** Clears the screen, sets the title, begins lines anew, and reads backwards. */
const evil = "\u001b[2J\u001b]0;owned\u0007\nfake line\r\u009b31m\u202egnp";
const shown = "\\x1b[2J\\x1b]0;owned\\x07\\nfake line\\r\\x9b31m\\u202egnp";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const at = sharedFolder();
const encoder = at("encoder.safetensors");
const classes = at("classes");
const features = at("features.npy");

/** Runs a command to its end; none of what it prints controls a terminal, and no line begins within a name. */
async function printedBy(...args: string[]) {
  const { code, stdout, stderr } = await startProgram(args).ended;
  const text = stdout + stderr;
  expect(text).not.toMatch(control);
  expect(text).not.toMatch(/^fake line/m);
  expect(text).not.toContain("This should not have happened");
  return { code, text, stdout };
}

// Windows allows no such names.
describe.skipIf(process.platform === "win32")("files named with control characters", () => {
  beforeAll(async () => {
    await writeTinyCheckpoint(encoder);
    for (const name of ["good", `class ${evil}`]) {
      mkdirSync(at("classes", name), { recursive: true });
      for (let index = 0; index < 3; index++) {
        const image = patternImage(11, 9, index + 3 * name.length);
        writeFileSync(at("classes", name, `${index} ${evil}.png`), await image.png().toBuffer());
      }
      writeFileSync(at("classes", name, `broken ${evil}.png`), "broken");
    }
    expect((await startProgram(["embed", classes, "--from", encoder, "--out", features]).ended).code).toBe(0);
  }, 60_000);

  it("pretrain names what it skips, on the terminal and in log.txt", async () => {
    const source = at("images");
    await writeImages(source);
    writeFileSync(at("images", `broken ${evil}.png`), "broken");
    const run = at("run");
    const sets = tinyAssignments.flatMap((one) => ["--set", one]);
    const { code, text } = await printedBy("pretrain", source, "--out", run, ...sets, "--steps", "3");
    expect(code).toBe(0);
    expect(text).toContain(`Skipped broken ${shown}.png: `);
    const log = readFileSync(runPaths(run).log, "utf8");
    expect(log).toContain(`skipped broken ${shown}.png: `);
    expect(log).not.toMatch(control);
    expect(log.split("\n").filter((line) => line !== "")).toHaveLength(3);
  }, 60_000);

  it("embed and search list them, and the files hold the names as they are", async () => {
    const { code, text } = await printedBy("embed", classes, "--from", encoder, "--out", at("again.npy"));
    expect(code).toBe(0);
    expect(text).toContain(`Skipped class ${shown}/broken ${shown}.png: `);
    const [first] = readFileSync(at("again.jsonl"), "utf8").split("\n");
    expect(JSON.parse(first!).name).toBe(`class ${evil}/0 ${evil}.png`);

    const found = await printedBy("search", features, at("classes", "good", `0 ${evil}.png`));
    expect(found.code).toBe(0);
    expect(found.text).toContain(`  class ${shown}/0 ${shown}.png  (class ${shown})\n`);
    expect((await printedBy("search", features, at(`missing ${evil}.png`))).code).toBe(2);
    expect((await printedBy("duplicates", features, "--threshold", "0.01")).text).toContain(`0 ${shown}.png`);
  }, 60_000);

  it("classify prints a table without them, and JSON that is exact", async () => {
    const run = at("classifier");
    const sets = ["--train", classes, "--test", classes, "--steps", "2", "--batch-size", "4"];
    const options = ["--set", "schedule.microBatch=4", "--set", "data.maxUnreadableShare=0.5"];
    expect((await printedBy("finetune", "--from", encoder, ...sets, "--out", run, ...options)).code).toBe(0);
    const image = at("classes", "good", `0 ${evil}.png`);
    const broken = at("classes", "good", `broken ${evil}.png`);
    const listed = await printedBy("classify", run, image, broken);
    expect(listed.code).toBe(1);
    expect(listed.text).toContain(`class ${shown} `);
    expect(listed.text).toContain(`broken ${shown}.png: `);
    const { stdout } = await printedBy("classify", run, image, "--json");
    const result = JSON.parse(stdout) as { image: string; classes: { name: string }[] };
    expect(result.image).toBe(image);
    expect(result.classes.map(({ name }) => name).sort()).toEqual([`class ${evil}`, "good"]);
  }, 120_000);

  it("data compose names what it leaves out", async () => {
    for (const name of ["a", "b"]) {
      mkdirSync(at("cutouts", name), { recursive: true });
      for (let index = 0; index < 2; index++) {
        const image = plainImage(8, 8, [200, 40 * index, 0]).extend({
          ...{ top: 4, bottom: 4, left: 4, right: 4 },
          background: { r: 0, g: 0, b: 0, alpha: 0 },
        });
        writeFileSync(at("cutouts", name, `${index}.png`), await image.png().toBuffer());
      }
    }
    writeFileSync(at("cutouts", "a", `broken ${evil}.png`), "broken");
    const { code, text } = await printedBy(
      ...["data", "compose", at("cutouts"), "--out", at("scenes"), "--image-size", "16", "--count", "2"],
      ...["--test-count", "1"],
    );
    expect([code, text]).toEqual([0, expect.stringContaining(`such as a/broken ${shown}.png: `)]);
  }, 60_000);
});

describe("a weights file with control characters in its header", () => {
  const data = new Float32Array(4);
  const file = at("evil.safetensors");

  it("is refused by import, export and embed in one line", async () => {
    const entries = [{ name: `blocks.0.${evil}`, dtype: "F32" as const, shape: [4], data }];
    const { header, parts } = encodeSafetensors(entries, { format: evil, [evil]: evil, model: evil });
    writeFileSync(file, Buffer.concat([header, ...parts]));
    await writeImages(at("one"), 1);
    for (const [status, ...args] of [
      [2, "import", file, "--out", at("imported.safetensors")],
      [2, "export", file, "--format", "safetensors", "--out", at("exported.safetensors")],
      [2, "embed", at("one"), "--from", file, "--out", at("one.npy")],
    ] as const) {
      const { code, text } = await printedBy(...args);
      expect([code, text]).toEqual([status, expect.stringMatching(/^error: .*\n$|\nerror: .*\n$/)]);
    }
  }, 60_000);
});

it("tables in pages are of one line a row", () => {
  expect(table(["a"], [[`class ${evil}`]])).toEqual(["| a |", "| --- |", `| class ${shown} |`]);
});
