// A packed study: its report is made again of it byte for byte, and a damaged or hostile file is refused.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { finishedRecords, jobsOf, packStudy, readStudy, writeStudyReport } from "#src/study/index.js";
import { packedResultsPath, packResults, readPackedResults } from "#src/study/packed-results.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const recipes = resolve(import.meta.dirname, "../../recipes");
const packs = readdirSync(recipes).filter((name) => existsSync(packedResultsPath(join(recipes, name))));

const reportOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.(md|svg)$/.test(name))
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

describe("the packed studies of this repository", () => {
  test("are there, in few and small files", () => {
    expect(packs.length).toBeGreaterThanOrEqual(5);
    for (const name of packs) {
      const files = readdirSync(join(recipes, name), { recursive: true, encoding: "utf8" });
      expect(files.length, name).toBeLessThanOrEqual(25);
      const bytes = files.reduce((sum, file) => sum + statSync(join(recipes, name, file)).size, 0);
      expect(bytes, name).toBeLessThan(300_000);
    }
  });

  test.each(packs)("%s gives its report again, also packed once more", async (name) => {
    const committed = reportOf(join(recipes, name));
    mkdirSync(at("pack"));
    for (const file of ["study.json", "results.jsonl.gz"]) cpSync(join(recipes, name, file), at("pack", file));
    const { finished } = await writeStudyReport(at("pack"));
    expect(reportOf(at("pack"))).toEqual(committed);
    expect(await packStudy(at("pack"), at("again"))).toMatchObject({ jobs: finished });
    expect(reportOf(at("again"))).toEqual(committed);
    expect(readPackedResults(at("again"))).toEqual(readPackedResults(at("pack")));
  });
});

/** Studies of many hours, whose packs grow: what is there is of their jobs, and they go on from it. */
const growing = new Set(["promise-scenes", "promise-fashion"]);

test.each(packs)("the jobs of recipes/%s.yaml are finished in its pack: what names jobs has not drifted", (name) => {
  const folder = join(recipes, name);
  const jobs = jobsOf(readStudy(`${folder}.yaml`));
  const finished = finishedRecords(jobs, folder, readPackedResults(folder));
  const packed = readPackedResults(folder);
  const missing = jobs.filter((job) => !finished.has(job.folder));
  // An encoder whose evaluations are not all there is pre-trained again: a pack holds no weights.
  const again = missing.filter((job) => job.kind === "pretrain" && packed.has(job.folder));
  if (growing.has(name)) expect(finished.size).toBeGreaterThan(0);
  else expect(missing.map((job) => job.folder)).toEqual([]);
  expect(finished.size + again.length).toBe(packed.size);
  for (const job of jobs.filter((each) => !missing.includes(each))) {
    expect(finished.get(job.folder)!.key, job.folder).toBe(job.key);
  }
});

const record = {
  ...({ kind: "pretrain", key: "k", variant: "MAE", seed: 0 } as const),
  ...{ seconds: 9, method: "mae", images: 80, multiplyAdds: 7 },
};
const job = {
  folder: "pretrain/mae-0-k",
  record,
  config: { method: "mae" },
  metrics: [{ step: 1, loss: 2, contrastive: 0.1, topkPrecision: [0.25, 0.5], imagesPerSecond: 80 }],
};

test("of the metrics, what reports show is kept", () => {
  writeFileSync(packedResultsPath(at()), packResults([job]));
  const { loss: _, ...drawn } = job.metrics[0]!;
  expect(readPackedResults(at())).toEqual(new Map([[job.folder, { ...job, metrics: [drawn] }]]));
});

test("a folder without the file has none", () => {
  expect(readPackedResults(at()).size).toBe(0);
});

describe("refused with its path and a remedy", () => {
  const lines = gunzipSync(packResults([job]))
    .toString("utf8")
    .split("\n");
  const withLine = (line: string) => gzipSync(`${lines[0]}\n${line}\n`);
  const changed = (change: object) => withLine(JSON.stringify({ ...job, ...change }));
  test.each<[what: string, bytes: Uint8Array, found: RegExp]>([
    ["what is not gzipped", Buffer.from(lines.join("\n")), /incorrect header check/],
    ["a file that was cut short", packResults([job]).subarray(0, -9), /unexpected end of file/],
    ["what unpacks to gigabytes", gzipSync(Buffer.alloc(2 ** 28 + 1)), /larger than/],
    ["nothing", gzipSync(""), /JSON/],
    ["another format", gzipSync('{"format":"mixedae-images","version":1,"jobs":0}\n'), /another form/],
    ["a later version", gzipSync(`${lines[0]!.replace('version":1', 'version":2')}\n`), /another form/],
    ["fewer jobs than announced", gzipSync(`${lines[0]}\n`), /0 of 1 jobs/],
    ["a line that is no JSON", withLine("job"), /JSON/],
    ["a line nested without end", withLine(`${"[".repeat(1000)}${"]".repeat(1000)}`), /nested more than 64 levels/],
    ["a pre-training without metrics", changed({ metrics: undefined }), /another form/],
    ["metrics that are not numbers", changed({ metrics: [{ step: 1, contrastive: "low" }] }), /another form/],
    ["a step before the first", changed({ metrics: [{ step: 0 }] }), /another form/],
    ["a record of another form", changed({ record: { ...record, seconds: -1 } }), /another form/],
    ["an unknown key", changed({ score: 1 }), /another form/],
  ])("%s", (_, bytes, found) => {
    writeFileSync(packedResultsPath(at()), bytes);
    expect(() => readPackedResults(at())).toThrow(found);
    expect(() => readPackedResults(at())).toThrow(/results\.jsonl\.gz should hold .* Take an undamaged copy/);
  });
});

test("folders of jobs outside the study's are refused", async () => {
  const { recipe } = JSON.parse(readFileSync(join(recipes, packs[0]!, "study.json"), "utf8"));
  for (const folder of ["../../elsewhere", "pretrain/..", "/etc/x", "pretrain/a/b", "pretrain"]) {
    writeFileSync(at("study.json"), JSON.stringify({ recipe, jobs: [folder] }));
    await expect(writeStudyReport(at()), folder).rejects.toThrow(/study.json holds no study/);
  }
});
