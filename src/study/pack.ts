// The small files of a study: all that its report is made of, without weights, for keeping in a repository.

import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { writeAtomically } from "../training/atomic-write.js";
import { errorCode, makeFolder, storageError } from "../training/storage.js";
import { finishedJobs } from "./job-folders.js";
import { lastNames } from "./names.js";
import { openPlan, writePlan } from "./study-plan.js";

/** What is kept of a job's folder beside its thinned metrics. */
const KEPT = ["job.json", "config.json", "report.json"];

export interface PackSummary {
  readonly jobs: number;
}

/**
 * Copies a study's small files. Of metrics.jsonl, every `keepEvery`-th line is kept, and the first and last. Absolute
 * paths become their last two names, since they tell of the machine and not of the result. Throws EvaluationError where there is
 * no study, RunDirectoryError, StorageError.
 */
export async function packStudy(folder: string, out: string, keepEvery: number): Promise<PackSummary> {
  await makeFolder(out);
  const plan = openPlan(folder);
  await writePlan(out, plan);
  const jobs = finishedJobs(folder, plan.jobs);
  for (const { name } of jobs) {
    const [from, to] = [join(folder, name), join(out, name)];
    await makeFolder(to);
    for (const file of KEPT) await rewrite(join(from, file), join(to, file), withoutMachine);
    await rewrite(join(from, "metrics.jsonl"), join(to, "metrics.jsonl"), (text) => thinned(text, keepEvery));
  }
  return { jobs: jobs.length };
}

/** Writes a changed copy of a file that need not be there. */
async function rewrite(from: string, to: string, change: (text: string) => string): Promise<void> {
  let text: string;
  try {
    text = await readFile(from, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw storageError(error, "read", from);
  }
  await writeAtomically(to, [Buffer.from(change(text))]);
}

function withoutMachine(text: string): string {
  const shorten = (_: string, value: unknown) =>
    typeof value === "string" && isAbsolute(value) ? lastNames(value) : value;
  return `${JSON.stringify(JSON.parse(text, shorten), null, 2)}\n`;
}

function thinned(text: string, keepEvery: number): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const kept = lines.filter((_, index) => index % keepEvery === 0 || index === lines.length - 1);
  return kept.map((line) => `${line}\n`).join("");
}
