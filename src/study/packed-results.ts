// results.jsonl.gz: the finished jobs of a packed study, a line each, of the metrics only what the report draws.

import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { EvaluationError } from "../evaluations/errors.js";
import { nestingFault } from "../files/nesting.js";
import { formatBytes } from "../files/regular-file.js";
import { readBytesIfThere } from "../files/storage.js";
import { RunDirectoryError } from "../training/errors.js";
import type { StepMetrics } from "../training/metrics-file.js";
import { jobRecord } from "./job-record.js";

const FORMAT = "mixedae-study-results";
const VERSION = 1;
/** Packed as well as unpacked: a hundred thousand jobs, or five hundred encoders of a hundred thousand steps. */
const MOST_BYTES = 2 ** 28;

/** The metrics that reports show, in addition to the step. */
const DRAWN = ["contrastive", "topkPrecision", "imagesPerSecond"];

const header = z.object({ format: z.literal(FORMAT), version: z.literal(VERSION), jobs: z.int().min(0) });

const metrics: z.ZodType<StepMetrics> = z
  .object({ step: z.int().min(1) })
  .catchall(z.union([z.number(), z.array(z.number())]));

const packedJob = z
  .strictObject({
    /** Relative to the study's folder; what the job is known by. */
    folder: z.string(),
    record: jobRecord,
    /** Of a pre-training, as it was resolved. No report shows it: it is there for people. */
    config: z.record(z.string(), z.unknown()).optional(),
    metrics: z.array(metrics).optional(),
  })
  .refine(({ record, metrics }) => (record.kind === "pretrain") === (metrics !== undefined), {
    message: "metrics belong to pre-trainings, and to each of them",
  });

/** A finished job as a pack holds it. */
export type PackedJob = z.infer<typeof packedJob>;

export function packedResultsPath(folder: string): string {
  return join(folder, "results.jsonl.gz");
}

/** The bytes of the file. Throws EvaluationError where there would be more of them than are read. */
export function packResults(jobs: readonly PackedJob[]): Uint8Array {
  const lines = [{ format: FORMAT, version: VERSION, jobs: jobs.length }, ...jobs.map(withDrawnMetrics)];
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  if (bytes.length > MOST_BYTES) {
    throw new EvaluationError({
      expected: `a study whose results take at most ${formatBytes(MOST_BYTES)}`,
      found: formatBytes(bytes.length),
      remedy: "Split its recipe into several studies",
    });
  }
  return gzipSync(bytes, { level: 9 });
}

function withDrawnMetrics(job: PackedJob): PackedJob {
  if (job.metrics === undefined) return job;
  const kept = (step: StepMetrics) =>
    Object.fromEntries([["step", step.step], ...DRAWN.flatMap((name) => (name in step ? [[name, step[name]]] : []))]);
  return { ...job, metrics: job.metrics.map(kept) };
}

/** By folder; none where the study is not a packed one. Throws RunDirectoryError for a damaged file, StorageError. */
export function readPackedResults(folder: string): ReadonlyMap<string, PackedJob> {
  const path = packedResultsPath(folder);
  const packed = readBytesIfThere(path, MOST_BYTES);
  if (packed === undefined) return new Map();
  try {
    const lines = gunzipSync(packed, { maxOutputLength: MOST_BYTES }).toString("utf8").split("\n");
    const { jobs } = header.parse(JSON.parse(lines[0]!));
    if (lines.length !== jobs + 2 || lines.at(-1) !== "") throw new Error(`${lines.length - 2} of ${jobs} jobs`);
    return new Map(lines.slice(1, -1).map((line) => parseLine(line)));
  } catch (error) {
    throw new RunDirectoryError(
      `${path} should hold the results of a packed study; it is damaged (${faultOf(error)}). Take an undamaged copy, ` +
        "or delete it to do the jobs again",
    );
  }
}

function parseLine(line: string): [string, PackedJob] {
  const value: unknown = JSON.parse(line);
  const fault = nestingFault(value);
  if (fault !== undefined) throw new Error(`a line that ${fault}`);
  const job = packedJob.parse(value);
  return [job.folder, job];
}

function faultOf(error: unknown): string {
  if (error instanceof z.ZodError) return "a line of another form";
  return error instanceof Error ? error.message : String(error);
}
