// A damaged newest checkpoint: whatever opens the run says on the error output that an older one is used.
import { readFileSync, truncateSync } from "node:fs";
import { beforeAll, expect, test, vi } from "vitest";
import { pretrain, reconstruct, resume } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { sharedFolder, writeColours, writeMaskedSet } from "../evaluations/tiny-sets.js";
import { recordOptions, tinyConfig } from "../training/tiny-run.js";
import { record } from "./recording.js";

const at = sharedFolder();
const checkpoint = (run: string, step: number) => at(run, "checkpoints", `step-0000000${step}.safetensors`);
const small =
  "--set schedule.steps=4 --set schedule.batchSize=6 --set run.checkpointEvery=2 --set run.keep=2 --threads 1";
const sets = "--train :labelled --test :labelled";
const image = ":labelled/red/0.png";

/** `:name` stands for a path in the folder of the tests. */
function run(line: string) {
  const args = line.split(" ").map((word) => word.replace(/^:(.*)$/, (_, name: string) => at(...name.split("/"))));
  return record(args, { pretrain, resume, reconstruct });
}

beforeAll(async () => {
  await writeColours(at("labelled"), 6);
  await writeMaskedSet(at("masked"));
  const assignments = ["method=mae", "schedule.steps=4", "run.checkpointEvery=2", "run.keep=2"];
  await pretrain(tinyConfig(at("labelled"), ...assignments), at("run"), recordOptions());
  expect((await run(`finetune --from :run ${sets} --out :classes ${small}`)).exitCode).toBe(0);
  for (const name of ["run", "classes"]) truncateSync(checkpoint(name, 4), 3000);
  expect((await run("embed :labelled --from :run --out :features.npy --threads 1")).exitCode).toBe(0);
});

test.each([
  ["reconstruct", `reconstruct :run ${image} --out :seen.png`, undefined],
  ["embed", "embed :labelled --from :run --out :vectors.npy --threads 1", "vectors.json"],
  ["embed, where all is done already", "embed :labelled --from :run --out :features.npy --threads 1", "features.json"],
  ["search", `search :features.npy ${image} --top 2 --threads 1`, undefined],
  ["knn", `knn --from :run ${sets} --out :knn.json --threads 1`, "knn.json"],
  ["probe", `probe --from :run ${sets} --epochs 2 --out :probe.json --threads 1`, "probe.json"],
  [
    "segment",
    "segment nearest --from :run --scenes :masked --neighbours 3 --out :segment.json --threads 1",
    "segment.json",
  ],
  ["finetune", `finetune --from :run ${sets} --out :tuned ${small}`, "tuned/report.json"],
  ["export", "export :run --format safetensors --out :model.safetensors", undefined],
  ["classify", `classify :classes ${image} --json --threads 1`, undefined],
])("%s", async (name, line, report) => {
  const { exitCode, out, err } = await run(line);
  expect(err).toMatch(/^warning: .* is not used: .+\. The checkpoint of step 2 is used in its place\n$/);
  expect(err).toContain(checkpoint(name === "classify" ? "classes" : "run", 4));
  expect(out).not.toContain("is not used");
  expect(exitCode).toBe(0);
  if (report !== undefined) expect(readFileSync(at(report), "utf8")).toContain("run, step 2");
});

test("the library without a listener lets Node print a warning", async () => {
  const emit = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  expect((await loadPretrained(at("run"))).origin).toBe(`${at("run")}, step 2`);
  expect(emit).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("The checkpoint of step 2 is used"));
  emit.mockRestore();
});
