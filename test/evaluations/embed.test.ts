// Embedding: the three files, what is skipped, and that a killed process goes on to the same files.

import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { openSource, readImages, SourceChangedError } from "#src/data/index.js";
import { openEngine } from "#src/engine/index.js";
import { type EmbedRequest, embed, ImageProgress, openFeatures, openModel } from "#src/evaluations/index.js";
import { readNpy } from "#src/formats/npy.js";
import { createFeatureExtractor } from "#src/heads/features.js";
import { StoppedError } from "#src/training/errors.js";
import type { EventOptions, RunEvent } from "#src/training/events.js";
import { takeLock } from "../files/take-lock.js";
import { sharedFolder, silentProgress, writeColours, writePatterns, writeTinyCheckpoint } from "./tiny-sets.js";

const at = sharedFolder();
const COUNT = 300;
const source = await writePatterns(at("patterns"), COUNT);
const from = await writeTinyCheckpoint(at("tiny.safetensors"));
const request = (out: string): EmbedRequest => ({ source, split: "train", from, out, pooling: "mean", threads: 1 });
/** Options that stop it after so many batches. */
function stoppingAfter(batches: number): EventOptions {
  const controller = new AbortController();
  let seen = 0;
  const onEvent = ({ type, ...event }: RunEvent) => {
    if (type !== "images" || !("state" in event) || event.state !== "advanced") return;
    if (++seen === batches) controller.abort(new StoppedError());
  };
  return { signal: controller.signal, onEvent };
}
const partials = (stem: string) =>
  ["npy.partial", "jsonl.partial", "batches.partial", "json.partial"].map((end) => at(`${stem}.${end}`));
const contents = (stem: string) => ["npy", "jsonl", "json"].map((end) => readFileSync(at(`${stem}.${end}`), "latin1"));

test("writes a row and a line for each image in order, and names what cannot be read", async () => {
  const printed: string[] = [];
  const summary = await embed(request(at("whole.npy")), silentProgress(printed));
  expect(summary).toMatchObject({ outcome: "finished", count: COUNT - 1, width: 12, skipped: 1, images: COUNT });
  expect(printed.join("")).toContain("Skipped 0150.png: the content is not a JPEG");

  const { shape, data } = readNpy(readFileSync(at("whole.npy")));
  expect(shape).toEqual([COUNT - 1, 12]);
  const lines = readFileSync(at("whole.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const indices = Array.from({ length: COUNT }, (_, index) => index).filter((index) => index !== 150);
  expect(lines).toEqual(indices.map((index) => ({ index, name: `${String(index).padStart(4, "0")}.png` })));
  const description = JSON.parse(readFileSync(at("whole.json"), "utf8"));
  expect(description).toMatchObject({ count: COUNT - 1, skipped: ["0150.png"], source, pooling: "mean", imageSize: 8 });
  expect(readdirSync(at()).filter((name) => /partial|lock/.test(name))).toEqual([]);

  const model = await openModel({ from });
  const extractor = await createFeatureExtractor(model, openEngine({ threads: 1 }));
  for (const row of [0, 149, 150, 298]) {
    const [image] = await readImages({ source: await openSource(source), indices: [indices[row]!] }, { imageSize: 8 });
    const { mean } = await extractor.extract(image!.pixels);
    expect([...data.subarray(row * 12, (row + 1) * 12)]).toEqual([...mean]);
  }
  const files = openFeatures(at("whole.npy"));
  expect(await files.lines([298, 0])).toEqual([
    { index: 299, name: "0299.png" },
    { index: 0, name: "0000.png" },
  ]);
  files.close();
});

const program = `
import { embed } from "${new URL("../../dist/evaluations/index.js", import.meta.url).href}";
const [request, batches] = JSON.parse(process.argv[2]);
let seen = 0;
const onEvent = ({ type, state }) => {
  if (type === "images" && state === "advanced" && ++seen === batches) process.kill(process.pid, "SIGKILL");
};
await embed(request, { onEvent });
`;

test("a process that is killed again and again comes to the same files", async () => {
  const out = at("killed.npy");
  writeFileSync(at("program.mjs"), program);
  for (const batches of [1, 2]) {
    const script = JSON.stringify([request(out), batches]);
    const { signal, stderr } = spawnSync(process.execPath, [at("program.mjs"), script]);
    expect(signal, stderr.toString()).toBe("SIGKILL");
    expect(existsSync(out)).toBe(false);
  }
  // What a kill within a write leaves: half a row, a row without its line, half a line.
  appendFileSync(at("killed.npy.partial"), new Uint8Array(12 * 4 + 7).fill(1));
  appendFileSync(at("killed.jsonl.partial"), '{"index":19');
  const summary = await embed(request(out), silentProgress());
  expect(summary).toMatchObject({ outcome: "finished", count: COUNT - 1, skipped: 1 });
  expect(summary.images).toBeLessThan(COUNT);
  expect(contents("killed")).toEqual(contents("whole"));
  expect(existsSync(`${out}.lock`)).toBe(false);
});

test("one that is killed while it gives the files their names is finished by the next", async () => {
  const out = at("renamed.npy");
  // The progress shows the last image when everything is appended and nothing has its name yet.
  const progress = new ImageProgress({
    write: (text) => {
      if (text.includes(`${COUNT}/${COUNT}`))
        for (const path of partials("renamed")) copyFileSync(path, `${path}.kept`);
    },
  });
  await embed(request(out), progress);
  const finished = contents("renamed");
  for (const path of partials("renamed")) renameSync(`${path}.kept`, path);
  rmSync(at("renamed.json"));
  rmSync(at("renamed.npy.partial"));
  rmSync(at("renamed.jsonl"));
  const summary = await embed(request(out), silentProgress());
  expect(summary).toMatchObject({ outcome: "finished", images: 0, count: COUNT - 1 });
  expect(contents("renamed")).toEqual(finished);
});

test("after a power failure, what is not intact is computed again", async () => {
  const out = at("power.npy");
  await embed(request(out), stoppingAfter(2));
  // The files have their lengths, but the last block of each never came to the disk; that of the records was new.
  for (const [place, path] of partials("power").slice(0, 3).entries()) {
    const { length } = readFileSync(path);
    truncateSync(path, place < 2 ? length - 200 : length);
    truncateSync(path, place < 2 ? length : length + 4096);
  }
  const printed: string[] = [];
  const summary = await embed(request(out), silentProgress(printed));
  expect(printed.join("")).toContain("What else the unfinished files held is damaged or cannot be checked");
  expect(summary.outcome).toBe("finished");
  expect(contents("power")).toEqual(contents("whole"));
});

test("one that another process is writing is refused; a failure leaves no lock", async () => {
  const out = at("locked.npy");
  const lock = takeLock(`${out}.lock`);
  await expect(embed(request(out))).rejects.toThrow(
    new RegExp(`no other process to be writing .*locked.npy, but found process ${process.pid} since`),
  );
  lock.release();
  const onEvent = ({ type }: RunEvent) => {
    if (type === "images") throw new Error("a bug");
  };
  await expect(embed(request(out), { onEvent })).rejects.toThrow("a bug");
  expect(existsSync(`${out}.lock`)).toBe(false);
});

test("a stop ends it after a batch; the same request goes on, another one is refused", async () => {
  const out = at("stopped.npy");
  const first = await embed(request(out), stoppingAfter(1));
  expect(first.outcome).toBe("stopped");
  expect(first.count).toBeLessThan(COUNT);
  const refused = embed({ ...request(out), pooling: "cls" }, silentProgress());
  await expect(refused).rejects.toThrow(/of the same embedding \(pooling "cls"\), but found pooling "mean"/);
  const rest = await embed(request(out), silentProgress());
  expect([rest.outcome, first.images + rest.images]).toEqual(["finished", COUNT]);
  expect(contents("stopped")).toEqual(contents("whole"));
  const again = await embed(request(out), silentProgress());
  expect(again.outcome).toBe("already finished");
});

test("a file of somebody else is not written over", async () => {
  writeFileSync(at("foreign.npy"), "precious");
  const refused = embed(request(at("foreign.npy")), silentProgress());
  await expect(refused).rejects.toThrow(/Expected a name for features that is free, but found .*foreign.npy there/);
  expect(readFileSync(at("foreign.npy"), "utf8")).toBe("precious");
});

test("labels and classes stand in the lines", async () => {
  const colours = await writeColours(at("colours"), 2);
  await embed({ ...request(at("colours.npy")), source: colours, pooling: "cls" });
  const files = openFeatures(at("colours.npy"));
  expect(files.description).toMatchObject({ classes: ["blue", "green", "red"], pooling: "cls" });
  expect(await files.lines([3])).toEqual([{ index: 3, name: "green/1.png", label: 1, class: "green" }]);
  files.close();
});

test("stopped before its first batch, it leaves nothing that another call does not go on with", async () => {
  const out = at("early.npy");
  const controller = new AbortController();
  const reason = new Error("enough");
  // The first note comes after the files are opened.
  const onEvent = ({ type }: RunEvent) => {
    if (type === "note") controller.abort(reason);
  };
  await expect(embed(request(out), { onEvent, signal: controller.signal })).rejects.toBe(reason);
  expect(existsSync(out)).toBe(false);
  expect(await embed(request(out), silentProgress())).toMatchObject({
    outcome: "finished",
    count: COUNT - 1,
  });
  expect(contents("early").slice(0, 2)).toEqual(contents("whole").slice(0, 2));
});

test("says which images were added, removed, renamed or changed since, finished or not", async () => {
  const [folder, out] = [at("own"), at("own.npy")];
  cpSync(source, folder, { recursive: true });
  const again = (options: { stop?: number } = {}) => {
    return embed({ ...request(out), source: folder }, stoppingAfter(options.stop ?? Number.POSITIVE_INFINITY));
  };
  expect((await again({ stop: 1 })).outcome).toBe("stopped");
  renameSync(at("own", "0001.png"), at("own", "1.png"));
  await expect(again()).rejects.toThrow(SourceChangedError);
  await expect(again()).rejects.toThrow(/1 renamed: 0001\.png to 1\.png/);
  renameSync(at("own", "1.png"), at("own", "0001.png"));
  expect((await again()).outcome).toBe("finished");
  expect((await again()).outcome).toBe("already finished");

  // The same size, the same folder time: only the content is another.
  const bytes = readFileSync(at("own", "0002.png"));
  writeFileSync(at("own", "0002.png"), bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
  await expect(again()).rejects.toThrow(/1 changed: 0002\.png/);
  writeFileSync(at("own", "0002.png"), bytes);
  copyFileSync(at("own", "0002.png"), at("own", "x.png"));
  await expect(again()).rejects.toThrow(/1 added: x\.png/);
  rmSync(at("own", "x.png"));
  expect((await again()).outcome).toBe("already finished");
});

test("features of before, without a record of their images, get one warning", async () => {
  const [folder, out] = [at("older"), at("older.npy")];
  cpSync(source, folder, { recursive: true });
  const printed: string[] = [];
  const again = () => embed({ ...request(out), source: folder }, silentProgress(printed));
  await again();
  rmSync(at("older.images.jsonl.gz"));
  await again();
  await again();
  expect(printed.join("").match(/no record of its images/g)).toHaveLength(1);
});
