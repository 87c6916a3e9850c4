// Carries out a study: each job in turn, what is finished left as it is, what was begun resumed.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ConfigError } from "../config/errors.js";
import { DataError } from "../data/index.js";
import { EvaluationError } from "../evaluations/errors.js";
import { ImageProgress } from "../evaluations/image-progress.js";
import { FileLock, type LockHolder } from "../files/file-lock.js";
import { makeFolder } from "../files/storage.js";
import { printable } from "../terminal/printable.js";
import {
  CheckpointError,
  MemoryError,
  RunDirectoryError,
  StoppedError,
  TrainingDivergedError,
} from "../training/errors.js";
import type { EventOptions, JobHappening, RunEvent } from "../training/events.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { refuseAmongImages } from "../training/outputs.js";
import { RunEvents } from "../training/run-events.js";
import { cachedFeatures } from "./feature-cache.js";
import { carryOutFrozen } from "./frozen-job.js";
import { type JobRecord, measureOf, readJobRecord, shownScore, writeJobRecord } from "./job-record.js";
import { type Job, jobsOf, sourcesOf } from "./jobs.js";
import { shareText } from "./names.js";
import { readPackedResults } from "./packed-results.js";
import type { Study } from "./recipe.js";
import { definitionOf } from "./recipe-evaluations.js";
import { reportPath, writeStudyReport } from "./report.js";
import { finishedRecords } from "./results.js";
import { readPlan, type StudyPlan, writePlan } from "./study-plan.js";
import { openSeconds, secondsLeft } from "./time-left.js";
import { carryOutPretrain, carryOutTrained, trainingSeconds } from "./training-jobs.js";

/** Between two looks at what other processes have finished. */
const WAIT_MILLISECONDS = 2000;

/** Between two events that say how far the whole study is. */
const ADVANCE_MILLISECONDS = 100;

/** Between two counts of the processes at work, for the time left. */
const RECOUNT_MILLISECONDS = 10_000;

/** Whom a study tells what it does, who may stop it, and how it uses the machine. */
export interface StudyOptions extends EventOptions {
  /** Of the engine, for every job; 0 and by default as the recipe says. */
  readonly threads?: number;
  /** Called where the newest checkpoint of an encoder is damaged and an older one is evaluated; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/** How far a study is; numbers count jobs. */
export interface StudySummary {
  /** "failed": nothing is left but what failed, and what needs it. */
  readonly outcome: "finished" | "stopped" | "failed";
  readonly done: number;
  readonly total: number;
  /** One line for each job that failed. */
  readonly failures: readonly string[];
  /** The path of report.md, which is written where the study was not stopped; else null. */
  readonly report: string | null;
}

/**
 * Works through a study in `folder`. Several processes may share it: each takes the next free job, and waits
 * where all that is left is being done. A job that fails for a reason of its own, such as a diverged loss, does not
 * keep the others from being done. At the end, the report is written, also where jobs have failed. The events are
 * those of each job, between two of its own. Throws OutputError where the folder lies among the images of the study,
 * EvaluationError where it holds another study, StorageError, and whatever else would meet every job: what was
 * finished before stays finished.
 */
export async function runStudy(study: Study, folder: string, options: StudyOptions = {}): Promise<StudySummary> {
  const events = new RunEvents(options);
  const jobs = jobsOf(study);
  refuseAmongImages(folder, jobs.flatMap(sourcesOf));
  await keepPlan({ recipe: study.recipe, jobs: jobs.map((job) => job.folder) }, folder);
  const features = cachedFeatures();
  const packed = readPackedResults(folder);
  let records = finishedRecords(jobs, folder, packed);
  const again = jobs.filter(({ kind, folder: name }) => kind === "pretrain" && packed.has(name) && !records.has(name));
  for (const job of again) {
    events.note(`${describeJob(job)}: repeated, because open evaluations need its weights, which a pack does not hold`);
  }
  const failures = new Map<string, string>();
  let isWaiting = false;
  while (!events.isStopped) {
    records = finishedRecords(jobs, folder, packed, records);
    const open = jobs.filter((job) => !records.has(job.folder) && !neededBy(job).some((each) => failures.has(each)));
    if (open.length === 0) break;
    const taken = await takeJob(open, records, folder);
    if ("holders" in taken) {
      if (!isWaiting && taken.holders.length > 0) {
        isWaiting = true;
        events.note("The remaining jobs are run by other processes, or depend on theirs. Waiting for");
        for (const { busy, hint } of taken.holders) events.note(`  ${busy}${hint}`);
      }
      await setTimeout(WAIT_MILLISECONDS, undefined, { ...(events.signal && { signal: events.signal }) }).catch(
        () => {},
      );
      continue;
    }
    isWaiting = false;
    const { job, lock } = taken;
    const left = await timeLeft({ jobs, records, open, folder }, job);
    const place = records.size + failures.size + 1;
    const tell = (state: JobHappening["state"], result: string | null = null) => {
      const [description, total, secondsLeft] = [describeJob(job), jobs.length, left()];
      events.emit({ type: "job", state, folder: job.folder, description, place, total, secondsLeft, result });
    };
    try {
      tell("began");
      const inside = { ...options, onEvent: withTimeLeft(events, () => tell("advanced")) };
      const record = await carryOut(job, folder, features, inside);
      if (record === undefined) break;
      await writeJobRecord(join(folder, job.folder), record);
      records.set(job.folder, record);
      tell("finished", resultOf(record));
    } catch (error) {
      if (StoppedError.is(error, events.signal)) break;
      if (!ownErrors.some((kind) => error instanceof kind)) throw error;
      const reason = printable((error as Error).message);
      tell("failed", reason);
      failures.set(job.folder, `${describeJob(job)}: ${reason}`);
    } finally {
      lock.release();
    }
  }
  const unfinished = failures.size > 0 && !events.isStopped ? "failed" : "stopped";
  const outcome = records.size === jobs.length ? "finished" : unfinished;
  return {
    outcome,
    done: records.size,
    total: jobs.length,
    failures: [...failures.values()],
    report: outcome === "stopped" ? null : await reportAtEnd(folder),
  };
}

/** Processes that share a study end at about the same time, and all would write the same. Returns the page's path. */
async function reportAtEnd(folder: string): Promise<string> {
  const page = reportPath(folder);
  const lock = FileLock.acquire(`${page}.lock`);
  if (!(lock instanceof FileLock)) return page;
  try {
    await writeStudyReport(folder);
  } finally {
    lock.release();
  }
  return page;
}

/** What an evaluation gave, in words; null for a pre-training. */
function resultOf(record: JobRecord): string | null {
  if (record.kind !== "evaluate") return null;
  const { name, unit } = measureOf(record.task);
  return `${name}${unit}: ${shownScore(record.task, record.score)}`;
}

/** Passes on the events of a job, and now and then says before one how far the study is. */
function withTimeLeft(events: RunEvents, advance: () => void): (event: RunEvent) => void {
  let last = performance.now();
  return (event) => {
    const now = performance.now();
    if (now - last > ADVANCE_MILLISECONDS) {
      last = now;
      advance();
    }
    events.forward(event);
  };
}

/** What can be wrong with one job alone: its data, files or learning rate, too few labels for a batch, its memory. */
const ownErrors = [TrainingDivergedError, DataError, RunDirectoryError, CheckpointError, ConfigError, MemoryError];

/** The folders of a job and of the pre-training that it needs. */
function neededBy(job: Job): string[] {
  return job.kind === "evaluate" && "key" in job.from ? [job.folder, job.from.folder] : [job.folder];
}

type Taken = { readonly job: Job; readonly lock: FileLock } | { readonly holders: readonly LockHolder[] };

/** The first open job whose encoder is there and that no other process has; else, who has the others. */
async function takeJob(open: readonly Job[], records: ReadonlyMap<string, JobRecord>, folder: string): Promise<Taken> {
  const holders: LockHolder[] = [];
  for (const job of open) {
    if (neededBy(job).some((each) => each !== job.folder && !records.has(each))) continue;
    const path = join(folder, job.folder);
    await makeFolder(dirname(path));
    const lock = FileLock.acquire(lockPath(job, folder));
    if (!(lock instanceof FileLock)) {
      holders.push(lock);
      continue;
    }
    // It may have been finished, and the lock given back, since the records were read.
    if (readJobRecord(path) === undefined) return { job, lock };
    lock.release();
  }
  return { holders };
}

function lockPath(job: Job, folder: string): string {
  return `${join(folder, job.folder)}.lock`;
}

/** The recipe is kept with its results, so that a report needs nothing else; another one in its place is refused. */
async function keepPlan(plan: StudyPlan, folder: string): Promise<void> {
  await makeFolder(folder);
  const former = readPlan(folder)?.recipe;
  if (former !== undefined && former.title !== plan.recipe.title) {
    throw new EvaluationError({
      expected: `a new folder, or one of the study "${plan.recipe.title}"`,
      found: `the study "${former.title}" in ${folder}`,
      remedy: "Choose another folder with --out",
    });
  }
  await writePlan(folder, plan);
}

function describeJob(job: Job): string {
  const seed = `seed ${job.seed}`;
  if (job.kind === "pretrain") return `pre-training: ${job.variant}, ${seed}`;
  const labels = job.evaluation.labelFractions === undefined ? "" : `${shareText(job.labelsFraction)} of the labels, `;
  return `${job.evaluation.name}: ${job.variant}, ${labels}${seed}`;
}

interface Work {
  readonly jobs: readonly Job[];
  readonly records: ReadonlyMap<string, JobRecord>;
  /** Those that are not finished and can be done, the current one included. */
  readonly open: readonly Job[];
  readonly folder: string;
}

/** Of the whole study, whenever it is asked; null while it is not known. */
async function timeLeft({ jobs, records, open, folder }: Work, job: Job): Promise<() => number | null> {
  const began = performance.now();
  const rest = open.filter((each) => each !== job);
  const whole = openSeconds([job], jobs, records);
  const later = openSeconds(rest, jobs, records);
  if (whole === undefined || later === undefined) return () => null;
  const current = Math.max(0, whole - (await doneSeconds(join(folder, job.folder, "metrics.jsonl"))));
  const countOthers = () => rest.filter((each) => FileLock.isHeld(lockPath(each, folder))).length;
  let [others, counted] = [countOthers(), began];
  return () => {
    // Asked ten times a second: the locks, a file for each open job, are looked at less often.
    const now = performance.now();
    if (now - counted > RECOUNT_MILLISECONDS) [others, counted] = [countOthers(), now];
    const elapsed = (now - began) / 1000;
    return secondsLeft({ current, later, others, elapsed });
  };
}

/** What a training that was stopped has taken so far. */
async function doneSeconds(metrics: string): Promise<number> {
  return existsSync(metrics) ? await trainingSeconds(metrics) : 0;
}

/** Undefined where it was stopped before its end. */
function carryOut(
  job: Job,
  folder: string,
  features: ReturnType<typeof cachedFeatures>,
  { threads = 0, warn, ...options }: StudyOptions,
): Promise<JobRecord | undefined> {
  if (job.kind === "pretrain") return carryOutPretrain(job, folder, threads, options);
  const evaluation = definitionOf(job.evaluation);
  if (evaluation.trains) return carryOutTrained(job, evaluation, folder, threads, { ...options, warn });
  const imageProgress = new ImageProgress(undefined, undefined, options);
  return carryOutFrozen(job, evaluation, folder, features, threads, { imageProgress, warn });
}
