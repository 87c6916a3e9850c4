// The flags that commands with a frozen encoder have in common.

import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ImageSides, parseSizeWord } from "../data/image-size.js";
import { engineDefinitions } from "../engine/index.js";
import { threadsProblem } from "../engine/machine.js";
import type { ModelRequest } from "../evaluations/model.js";
import { picturePath } from "../evaluations/report-files.js";
import { modelLimits } from "../nn/model-limits.js";
import { type ModelPreset, modelPresetNames } from "../nn/presets.js";
import { prepareOutputs, type SourcePaths } from "../training/outputs.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { UsageError } from "./report-error.js";

export interface ModelFlags {
  readonly from: string;
  readonly model?: ModelPreset;
  readonly imageSize?: ImageSides;
  readonly patchSize?: number;
  readonly modelSeed?: number;
  readonly student?: boolean;
  readonly memoryCheck?: boolean;
}

export const studentHelp = "of a run whose method has a teacher, take the student in its place";
export const fromFlag = "--from <run|checkpoint>";
export const fromHelp = 'folder of a run, or checkpoint file; "scratch" for an untrained encoder';
export const runHelp = "folder of a run whose method reconstructs";

/** Of commands that write a report. */
export interface ReportFlags {
  readonly out?: string;
  readonly overwrite: boolean;
}

/** The flags of a report in a file, and where it has one, of a picture beside it. */
export function addReportFlag(command: Command, picture?: string): Command {
  const beside = picture === undefined ? "" : `, and ${picture} as a .png beside it`;
  return command.option("--out <file.json>", `write all results there${beside}`).addOption(overwriteOption());
}

/** The flag of commands that write files by name. */
export function overwriteOption(): Option {
  return new Option("--overwrite", "replace files that are there already").default(false);
}

/** Paths of files that a command line names to be read. */
export function checkFiles(paths: readonly string[]): void {
  const problem = missingFiles(paths);
  if (problem !== undefined) throw new UsageError(problem);
}

/** Names all at once; undefined where none is missing. */
function missingFiles(paths: readonly string[]): string | undefined {
  const missing = paths.filter((path) => !existsSync(path) || statSync(path).isDirectory());
  if (missing.length === 0) return undefined;
  return missing.length === 1 ? `There is no file ${missing[0]}` : `There are no files ${missing.join(", ")}`;
}

/** Throws UsageError that names the features, if they are missing, and those images that are. */
export function checkFeatureFiles(features: string, images: readonly string[] = []): void {
  const problems: string[] = [];
  if (!existsSync(features) || statSync(features).isDirectory()) problems.push(missingFeatures(features));
  problems.push(...[missingFiles(images)].filter((problem) => problem !== undefined));
  if (problems.length > 0) throw new UsageError(problems.join(". "));
}

/** The name of a contact sheet. */
export function checkSheet(path: string): void {
  if (extname(path).toLowerCase() !== ".png") {
    throw new UsageError(`--sheet: expected a name that ends in .png; found ${path}`);
  }
}

function missingFeatures(path: string): string {
  return existsSync(`${path}.partial`)
    ? `The features ${path} are not finished: run the same mixedae embed command again, or wait until it ends`
    : `There are no features ${path}: expected the .npy file that mixedae embed writes`;
}

/**
 * Checks before anything is computed that a report can be written. One with a picture beside it must not lie among the
 * images of `sources`.
 */
export async function prepareReport({ out, overwrite }: ReportFlags, sources?: readonly SourcePaths[]): Promise<void> {
  if (out === undefined) return;
  if (!out.endsWith(".json")) throw new UsageError(`--out: expected a name that ends in .json; found ${out}`);
  if (sources === undefined) await prepareOutputs([out], { overwrite });
  else await prepareOutputs([out, picturePath(out)], { overwrite, sources });
}

/** Several paths are one set; a single one is taken by itself. */
export function onePath(paths: readonly string[]): string | readonly string[] {
  return paths.length === 1 ? paths[0]! : paths;
}

/** What of an encoder can be asked for: see `FrozenEvaluation`. */
interface EncoderRules {
  readonly runsOnly?: boolean;
  readonly checksMemory: boolean;
}

/** Which of the encoders it is, beside where it is from. */
export function addModelFlags(
  command: Command,
  { runsOnly = false, checksMemory }: EncoderRules = { checksMemory: true },
): Command {
  const memoryCheck = new Option("--no-memory-check", "continue even if more memory is planned than is free");
  const ofScratch = [
    new Option("--model <name>", "size of the encoder with --from scratch (default: micro)").choices(modelPresetNames),
    ...(checksMemory ? [memoryCheck] : []),
    new Option(
      "--image-size <pixels>",
      `size of its images with --from scratch: ${sizeForm} (default: by size)`,
    ).argParser(imageSides),
    new Option("--patch-size <pixels>", "side of its patches with --from scratch (default: by size)").argParser(
      countUpTo(modelLimits.imageSize),
    ),
    new Option("--model-seed <n>", "seed of its weights with --from scratch (default: 0)").argParser(wholeNumber),
  ];
  if (!runsOnly) command.option("--student", studentHelp);
  for (const option of runsOnly ? ofScratch.filter((each) => each === memoryCheck) : ofScratch) {
    command.addOption(option);
  }
  return command;
}

export function modelRequest(
  { from, model, imageSize, patchSize, modelSeed, student, memoryCheck }: ModelFlags,
  context: Pick<CliContext, "stderr">,
): ModelRequest {
  return {
    from,
    warn: warnOn(context),
    ...(model !== undefined && { preset: model }),
    ...(imageSize !== undefined && { imageSize }),
    ...(patchSize !== undefined && { patchSize }),
    ...(modelSeed !== undefined && { modelSeed }),
    ...(student && { student }),
    ...(memoryCheck === false && { memoryCheck }),
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

export function deviceOption(): Option {
  return new Option(
    "--device <name>",
    "device of the encoder (default: that of its run, or cpu where this machine lacks it)",
  ).choices(engineDefinitions().map(({ device }) => device));
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

/** How a size of images is written. */
export const sizeForm = "the side of squares, or HEIGHTxWIDTH";

/** For commander: a size of images. */
export function imageSides(text: string): ImageSides {
  const sides = parseSizeWord(text, modelLimits.imageSize);
  if (sides !== undefined) return sides;
  const most = modelLimits.imageSize.toLocaleString("en-US");
  throw new InvalidArgumentError(`Expected ${sizeForm}, such as 224 or 96x160, each from 1 to ${most}.`);
}

/** For commander: a number above 0 up to a bound that only a slip is beyond. */
export function numberUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number above 0 and of at most ${most}.`);
  };
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
