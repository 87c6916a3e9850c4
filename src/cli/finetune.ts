// mixedae finetune: a pre-trained encoder and a new head learn classes together.

import { type Command, Option } from "commander";
import { type ConfigLayer, layerFromAssignments, layerFromFile } from "../config/config.js";
import { runLimits } from "../config/limits.js";
import { finetuneKeys } from "../evaluations/finetune/config.js";
import { finetuneEvaluation } from "../evaluations/finetune/evaluation.js";
import { type RecipeName, recipeNames } from "../evaluations/finetune/recipes.js";
import type { LabelledSetsRequest } from "../evaluations/labelled-sets.js";
import { collect, describeKey, verboseOption } from "./config-flags.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  countUpTo,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  numberUpTo,
  threadsOption,
} from "./evaluation-flags.js";
import { addOptionFlags, optionsOfFlags } from "./option-flags.js";
import { finetuneSession, type SessionFlags } from "./run-session.js";

interface FinetuneFlags extends ModelFlags, SessionFlags {
  readonly out: string;
  readonly recipe: RecipeName;
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly threads: number;
  readonly seed: number;
  readonly config?: readonly string[];
  readonly set?: readonly string[];
}

/** The options that are flags of their own; others are among the keys. */
const sets = finetuneEvaluation.options.pick({
  train: true,
  test: true,
  holdout: true,
  labelsFraction: true,
  seed: true,
});

export function addFinetune(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const command = program
    .command("finetune")
    .summary(finetuneEvaluation.summary)
    .description(finetuneEvaluation.description)
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--out <run>", "folder for the run; must not hold one yet");
  const withSets = addOptionFlags(command, sets)
    .addOption(
      new Option("--recipe <name>", "default values: small for up to some ten thousand images, mae for more")
        .choices(recipeNames)
        .default("small"),
    )
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
  addModelFlags(withSets)
    .addHelpText("after", helpText)
    .action(async (flags: FinetuneFlags) => {
      const { finetune } = await import("../evaluations/index.js");
      const request = {
        ...modelRequest(flags, context),
        ...(optionsOfFlags(sets, { ...flags }) as unknown as LabelledSetsRequest),
        recipe: flags.recipe,
        layers: layersOf(flags),
      };
      finish(await finetuneSession(context, flags.out, flags, (options) => finetune(request, flags.out, options)));
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
    "  mixedae finetune --from runs/first --train cats-and-dogs --holdout 0.2 --out runs/pets",
    "  mixedae finetune --from scratch --train flowers/train --test flowers/test --out runs/control",
    "  mixedae finetune --from runs/base --recipe mae --train in1k/train --test in1k/val --epochs 100 --out runs/in1k",
    "",
    "Keys for --config (nested) and --set (joined by dots), with the values of the recipe small:",
    ...finetuneKeys("small").flatMap(describeKey),
  ].join("\n");
}
