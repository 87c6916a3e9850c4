// mixedae finetune: a pre-trained encoder and a new head learn classes together.

import { type Command, Option } from "commander";
import { type ConfigLayer, layerFromAssignments, layerFromFile } from "../config/config.js";
import { runLimits } from "../config/limits.js";
import { finetuneKeys } from "../evaluations/finetune/config.js";
import { type RecipeName, recipeNames } from "../evaluations/finetune/recipes.js";
import { collect } from "./collect.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  addSetFlags,
  countUpTo,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  rate,
  type SetFlags,
  setsRequest,
  threadsOption,
} from "./evaluation-flags.js";
import { describeKey } from "./key-help.js";
import { finetuneSession } from "./run-session.js";

interface FinetuneFlags extends ModelFlags, SetFlags {
  readonly out: string;
  readonly recipe: RecipeName;
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly threads: number;
  readonly config?: readonly string[];
  readonly set?: readonly string[];
}

export function addFinetune(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("finetune")
    .summary("teach an encoder classes")
    .description(
      "Trains a pre-trained encoder and a new head together on labelled images, tests them once at the end, and leaves " +
        "a run that mixedae classify uses. It can be stopped and resumed like any run.",
    )
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--out <run>", "folder for the run; must not hold one yet");
  const withSets = addSetFlags(command, "decides which labels those are, and every random draw of the training")
    .addOption(
      new Option("--recipe <name>", "values that nobody sets: small for up to some ten thousand images, mae for more")
        .choices(recipeNames)
        .default("small"),
    )
    .addOption(
      new Option("--epochs <n>", "passes over the training images (default: by recipe)")
        .argParser(countUpTo(runLimits.epochs))
        .conflicts("steps"),
    )
    .option("--steps <n>", "optimizer steps (default: by recipe)", countUpTo(runLimits.steps))
    .option("--batch-size <n>", "images a step (default: by recipe)", countUpTo(runLimits.batchSize))
    .option("--learning-rate <x>", "highest learning rate (default: by recipe)", rate)
    .addOption(threadsOption())
    .option("--config <file>", "YAML file with keys as listed below; several are allowed, later ones win", collect)
    .option("--set <path=value>", "sets any key listed below; stronger than flags and files", collect);
  addModelFlags(withSets)
    .addHelpText("after", helpText)
    .action(async (flags: FinetuneFlags) => {
      const { finetune } = await import("../evaluations/index.js");
      const request = {
        ...modelRequest(flags, context),
        ...setsRequest(flags),
        recipe: flags.recipe,
        layers: layersOf(flags),
      };
      finish(await finetuneSession(context, flags.out, (options) => finetune(request, flags.out, options)));
    });
}

/** What was given, the weakest first. */
function layersOf(flags: FinetuneFlags): ConfigLayer[] {
  const { config = [], set = [], epochs, steps, batchSize, learningRate, threads, seed, memoryCheck } = flags;
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

function helpText(): string {
  return [
    "",
    "From scratch, layers learn at one rate (optimizer.layerDecay=1): there is nothing to keep in the lower ones.",
    "",
    "Examples:",
    "  mixedae finetune --from runs/first --train flowers/train --test flowers/test --out runs/flowers",
    "  mixedae finetune --from runs/first --train flowers/train --test flowers/test --labels-fraction 10% --out runs/tenth",
    "  mixedae finetune --from scratch --train flowers/train --test flowers/test --out runs/control",
    "  mixedae finetune --from runs/base --recipe mae --train in1k/train --test in1k/val --epochs 100 --out runs/in1k",
    "",
    "Keys for --config (nested) and --set (joined by dots), with the values of the recipe small:",
    ...finetuneKeys("small").flatMap(describeKey),
  ].join("\n");
}
