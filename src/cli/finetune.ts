// mixedae finetune: a pre-trained encoder and a new head learn classes together.

import type { Command } from "commander";
import { finetuneKeys } from "../evaluations/finetune/config.js";
import { finetuneEvaluation } from "../evaluations/finetune/evaluation.js";
import { type RecipeName, recipeNames } from "../evaluations/finetune/recipes.js";
import type { LabelledSetsRequest } from "../evaluations/labelled-sets.js";
import { describeKey } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { addModelFlags, fromFlag, fromHelp, type ModelFlags, modelRequest } from "./evaluation-flags.js";
import { addOptionFlags, optionsOfFlags } from "./option-flags.js";
import { finetuneSession, type SessionFlags } from "./run-session.js";
import { addTrainingFlags, outRunOption, type TrainingFlags, trainingLayers } from "./training-flags.js";

type FinetuneFlags = ModelFlags & SessionFlags & TrainingFlags<RecipeName>;

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
    .addOption(outRunOption());
  const withSets = addTrainingFlags(
    addOptionFlags(command, sets),
    recipeNames,
    "small for up to some ten thousand images, mae for more",
  );
  addModelFlags(withSets)
    .addHelpText("after", helpText)
    .action(async (flags: FinetuneFlags) => {
      const { finetune } = await import("../evaluations/index.js");
      const request = {
        ...modelRequest(flags, context),
        ...(optionsOfFlags(sets, { ...flags }) as unknown as LabelledSetsRequest),
        recipe: flags.recipe,
        layers: trainingLayers(flags),
      };
      finish(await finetuneSession(context, flags.out, flags, (options) => finetune(request, flags.out, options)));
    });
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
