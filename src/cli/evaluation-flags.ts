// The flags that commands with a frozen encoder have in common.

import { existsSync, statSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { runLimits } from "../config/limits.js";
import { threadsProblem } from "../engine/machine.js";
import type { LabelledSetsRequest } from "../evaluations/labelled-sets.js";
import type { ModelRequest } from "../evaluations/model.js";
import { picturePath } from "../evaluations/report-files.js";
import { type Pooling, poolings } from "../heads/features.js";
import { type ModelPreset, modelPresetNames } from "../nn/presets.js";
import { prepareOutputs } from "../training/outputs.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { UsageError } from "./report-error.js";

export interface ModelFlags {
  readonly from: string;
  readonly model?: ModelPreset;
  readonly modelSeed?: number;
  readonly student?: boolean;
  readonly memoryCheck: boolean;
}

export const studentHelp = "of a run of iBOT, take the student in place of the teacher";
export const fromFlag = "--from <run|checkpoint>";
export const fromHelp = 'folder of a run, or checkpoint file; "scratch" for an untrained encoder';

export interface SetFlags {
  readonly train: readonly string[];
  readonly test: readonly string[];
  readonly labelsFraction: number;
  readonly seed: number;
}

/** Of commands that write a report. */
export interface ReportFlags {
  readonly out?: string;
  readonly overwrite: boolean;
}

/** The flags of two labelled sets. */
export function addSetFlags(command: Command, seedHelp: string): Command {
  return command
    .requiredOption(
      "--train <source...>",
      "labelled images to learn from: a folder for each class, .tar shards, or IDX",
    )
    .requiredOption("--test <source...>", "labelled images to test on; an IDX folder that has both serves as both")
    .option("--labels-fraction <share>", "share of the training labels of each class to use: 0.01 or 1%", share, 1)
    .option("--seed <n>", seedHelp, wholeNumber, 0);
}

/** The flags of a report in a file. */
export function addReportFlag(command: Command): Command {
  return command
    .option("--out <file.json>", "write all results there, and the confusion matrix as a .png of the same name")
    .addOption(overwriteOption());
}

export function setsRequest({ train, test, labelsFraction, seed }: SetFlags): LabelledSetsRequest {
  return { train: onePath(train), test: onePath(test), labelsFraction, seed };
}

/** The flag of commands that write files by name. */
export function overwriteOption(): Option {
  return new Option("--overwrite", "replace files that are there already").default(false);
}

/** Paths of files that a command line names to be read. */
export function checkFiles(paths: readonly string[]): void {
  const wrong = paths.filter((path) => !existsSync(path) || statSync(path).isDirectory());
  if (wrong.length > 0) throw new UsageError(`There is no file ${wrong.join(", ")}`);
}

/** Throws UsageError that names the features, if they are missing, and those images that are. */
export function checkFeatureFiles(features: string, images: readonly string[] = []): void {
  const problems: string[] = [];
  if (!existsSync(features) || statSync(features).isDirectory()) problems.push(missingFeatures(features));
  const missing = images.filter((path) => !existsSync(path) || statSync(path).isDirectory());
  if (missing.length === 1) problems.push(`There is no file ${missing[0]}`);
  if (missing.length > 1) problems.push(`There are no files ${missing.join(", ")}`);
  if (problems.length > 0) throw new UsageError(problems.join(". "));
}

function missingFeatures(path: string): string {
  return existsSync(`${path}.partial`)
    ? `The features ${path} are not finished: run the same mixedae embed command again, or wait until it ends`
    : `There are no features ${path}: expected the .npy file that mixedae embed writes`;
}

/** Checks before anything is computed that a report can be written; one on labelled sets comes with a picture. */
export async function prepareReport({ out, overwrite }: ReportFlags, sets?: LabelledSetsRequest): Promise<void> {
  if (out === undefined) return;
  if (!out.endsWith(".json")) throw new UsageError(`--out: expected a name that ends in .json; found ${out}`);
  if (sets === undefined) await prepareOutputs([out], { overwrite });
  else await prepareOutputs([out, picturePath(out)], { overwrite, sources: [sets.train, sets.test] });
}

/** Several paths are .tar shards; a single one may be anything. */
export function onePath(paths: readonly string[]): string | readonly string[] {
  return paths.length === 1 ? paths[0]! : paths;
}

/** Which of the encoders it is, in addition to where it is from. */
export function addModelFlags(command: Command): Command {
  return command
    .option("--student", studentHelp)
    .addOption(
      new Option("--model <name>", "size of the encoder with --from scratch (default: micro)").choices(
        modelPresetNames,
      ),
    )
    .option("--no-memory-check", "continue even if more memory is planned than is free")
    .option("--model-seed <n>", "seed of its weights with --from scratch (default: 0)", wholeNumber);
}

export function modelRequest(
  { from, model, modelSeed, student, memoryCheck }: ModelFlags,
  context: Pick<CliContext, "stderr">,
): ModelRequest {
  return {
    from,
    warn: warnOn(context),
    ...(model !== undefined && { preset: model }),
    ...(modelSeed !== undefined && { modelSeed }),
    ...(student && { student }),
    ...(!memoryCheck && { memoryCheck }),
  };
}

export function threadsOption(): Option {
  return new Option("--threads <n>", "threads of the engine; 0 means one a physical core")
    .default(0)
    .argParser(threadCount);
}

/** Engine threads that this machine has a use for. */
export function threadCount(text: string): number {
  const value = wholeNumber(text);
  const problem = threadsProblem(value);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem[0]!.toUpperCase()}${problem.slice(1)}.`);
  return value;
}

export function poolOption(defaultValue?: Pooling): Option {
  const option = new Option("--pool <how>", "vector of an image: the mean of its patch tokens, or the CLS token");
  return (defaultValue === undefined ? option : option.default(defaultValue)).choices(poolings);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number, 0 or more.");
  return Number(text);
}

/** For commander: a whole number from 1 up to a bound that only a slip is beyond. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most.toLocaleString("en-US")}.`);
  };
}

export function rate(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= runLimits.learningRate) return value;
  throw new InvalidArgumentError(`Expected a number above 0 and of at most ${runLimits.learningRate}.`);
}

/** A share above 0 and at most 1; "10%" is 0.1. */
export function share(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === "%" ? 100 : 1);
  if (!(value > 0 && value <= 1)) {
    throw new InvalidArgumentError("Expected a share above 0 and at most 1, such as 0.1 or 10%.");
  }
  return value;
}
