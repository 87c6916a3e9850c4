// A study in one small folder: its report, and all that the report is made of, for keeping in a repository.

import { realpath } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { EvaluationError } from "../evaluations/errors.js";
import { writeAtomically } from "../files/atomic-write.js";
import { readTextIfThere } from "../files/storage.js";
import { makeOutputFolder, prepareOutputs } from "../training/outputs.js";
import { lastNames } from "./names.js";
import { type PackedJob, packedResultsPath, packResults } from "./packed-results.js";
import { createReport, writeReportFiles } from "./report.js";
import { readFinishedJobs, resultsOf } from "./results.js";
import { openPlan, planPath, writePlan } from "./study-plan.js";

/** What was copied. */
export interface PackSummary {
  readonly jobs: number;
  /** Paths of the files. */
  readonly files: readonly string[];
}

/**
 * Writes study.json, the results of the finished jobs, and the report into `out`; `writeStudyReport` makes the same
 * report of these again. Absolute paths in configurations become their last two names, since they depend on the machine
 * and not on the result. Throws EvaluationError where there is no study or the pack would lie over it, OutputError where
 * files have the names, RunDirectoryError, StorageError.
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
      expected: "another folder for the pack",
      found: `${out}, which is the study itself`,
      remedy: "Choose another folder with --out",
    });
  }
  const jobs = await readFinishedJobs(folder, plan.jobs);
  const results = packResults(jobs.map((job) => withConfig(folder, job)));
  const report = createReport(plan, resultsOf(jobs), out);
  const files = [planPath(out), packedResultsPath(out), ...report.keys()];
  await prepareOutputs(files, { overwrite });
  await writePlan(out, plan);
  await writeAtomically(packedResultsPath(out), [results]);
  await writeReportFiles(report);
  return { jobs: jobs.length, files };
}

/** The configuration is in the job's folder, or came with an earlier pack. */
function withConfig(folder: string, job: PackedJob): PackedJob {
  if (job.record.kind !== "pretrain") return job;
  const text = readTextIfThere(join(folder, job.folder, "config.json"));
  return text === undefined ? job : { ...job, config: JSON.parse(text, withoutMachine) };
}

function withoutMachine(_: string, value: unknown): unknown {
  return typeof value === "string" && isAbsolute(value) ? lastNames(value) : value;
}
