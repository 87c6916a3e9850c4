// The flags of commands that train with labels, and the layers of the configuration that they are.

import { type Command, Option } from "commander";
import { type ConfigLayer, layerFromAssignments, layerFromFile } from "../config/config.js";
import { runLimits } from "../config/limits.js";
import { collect, verboseOption } from "./config-flags.js";
import { countUpTo, numberUpTo, threadsOption } from "./evaluation-flags.js";

/** Values that nobody gave come from the recipe. */
export interface TrainingFlags<Recipe extends string> {
  readonly out: string;
  readonly recipe: Recipe;
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly threads: number;
  readonly seed: number;
  readonly config?: readonly string[];
  readonly set?: readonly string[];
  readonly memoryCheck?: boolean;
}

export function outRunOption(): Option {
  return new Option("--out <run>", "folder for the run; must not hold one yet").makeOptionMandatory();
}

/** `meaning` says what each recipe is for. */
export function addTrainingFlags(command: Command, recipes: readonly string[], meaning: string): Command {
  return command
    .addOption(new Option("--recipe <name>", `default values: ${meaning}`).choices(recipes).default("small"))
    .addOption(
      new Option("--epochs <n>", "passes over the training images (default: by recipe)")
        .argParser(countUpTo(runLimits.epochs))
        .conflicts("steps"),
    )
    .option("--steps <n>", "optimizer steps (default: by recipe)", countUpTo(runLimits.steps))
    .option("--batch-size <n>", "images per step (default: by recipe)", countUpTo(runLimits.batchSize))
    .option("--learning-rate <x>", "highest learning rate (default: by recipe)", numberUpTo(runLimits.learningRate))
    .addOption(threadsOption())
    .option("--config <file>", "YAML file with keys as listed below; several are allowed, later ones win", collect)
    .option("--set <path=value>", "sets any key listed below; overrides flags and files", collect)
    .addOption(verboseOption());
}

/** What was given, the weakest first. */
export function trainingLayers(flags: Omit<TrainingFlags<string>, "out" | "recipe">): ConfigLayer[] {
  const { config = [], set = [], epochs, steps, batchSize, learningRate, threads, seed, memoryCheck = true } = flags;
  const schedule = {
    ...(epochs !== undefined && { epochs }),
    ...(steps !== undefined && { steps }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
  };
  const run = { ...(threads > 0 && { threads }), ...(!memoryCheck && { memoryCheck }) };
  return [
    { origin: "--seed", values: { seed } },
    ...config.map(layerFromFile),
    { origin: "flags", values: { schedule, run } },
    ...(set.length > 0 ? [layerFromAssignments(set)] : []),
  ];
}
