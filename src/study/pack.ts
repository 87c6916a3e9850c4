// The small files of a study: all that its report is made of, without weights, for keeping in a repository.

import { realpath } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { EvaluationError } from "../evaluations/errors.js";
import { writeAtomically } from "../files/atomic-write.js";
import { LARGEST_LIST } from "../files/regular-file.js";
import { readTextIfThere } from "../files/storage.js";
import { makeOutputFolder, prepareOutputs } from "../training/outputs.js";
import { finishedJobs } from "./job-folders.js";
import { readMetrics, thinned } from "./metrics.js";
import { lastNames } from "./names.js";
import { openPlan, planPath, writePlan } from "./study-plan.js";

/** What is kept of a job's folder beside its thinned metrics. */
const KEPT = ["job.json", "config.json", "report.json"];
const METRICS = "metrics.jsonl";

/** What was copied. */
export interface PackSummary {
  readonly jobs: number;
}

/**
 * Copies a study's small files, of the metrics of pre-trainings the steps that a report looks at. Absolute paths in
 * them become their last two names, since they tell of the machine and not of the result. Throws EvaluationError where
 * there is no study or the copy would lie over it, OutputError where files have the names, RunDirectoryError,
 * StorageError.
 */
export async function packStudy(
  folder: string,
  out: string,
  { overwrite }: { readonly overwrite?: boolean } = {},
): Promise<PackSummary> {
  const plan = openPlan(folder);
  await makeOutputFolder(out);
  if ((await realpath(out)) === (await realpath(folder))) {
    throw new EvaluationError({
      expected: "a folder for the copy",
      found: `${out}, which is the study itself`,
      remedy: "Choose another folder with --out",
    });
  }
  const jobs = finishedJobs(folder, plan.jobs);
  const copies = jobs.flatMap(({ name }) => [...KEPT, METRICS].map((file) => join(out, name, file)));
  await prepareOutputs([planPath(out), ...copies], { overwrite });
  await writePlan(out, plan);
  for (const { name, record } of jobs) {
    const [from, to] = [join(folder, name), join(out, name)];
    for (const file of KEPT) await copyWithoutMachine(join(from, file), join(to, file));
    if (record.kind === "pretrain") {
      const lines = thinned(readMetrics(join(from, METRICS))).map((step) => `${JSON.stringify(step)}\n`);
      await writeAtomically(join(to, METRICS), [Buffer.from(lines.join(""))]);
    }
  }
  return { jobs: jobs.length };
}

/** Of a file that need not be there. */
async function copyWithoutMachine(from: string, to: string): Promise<void> {
  const text = readTextIfThere(from, LARGEST_LIST);
  if (text === undefined) return;
  const shorten = (_: string, value: unknown) =>
    typeof value === "string" && isAbsolute(value) ? lastNames(value) : value;
  await writeAtomically(to, [Buffer.from(`${JSON.stringify(JSON.parse(text, shorten), null, 2)}\n`)]);
}
