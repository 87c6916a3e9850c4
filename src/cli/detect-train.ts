// mixedae detect train: a pre-trained encoder and the heads of Mask R-CNN learn boxes and masks of objects.

import { type Command, Option } from "commander";
import { detectKeys } from "../evaluations/detect/config.js";
import { detectEvaluation } from "../evaluations/detect/evaluation.js";
import { type DetectRecipeName, detectRecipeNames } from "../evaluations/detect/recipes.js";
import { describeKey } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { addModelFlags, fromFlag, fromHelp, type ModelFlags, modelRequest, wholeNumber } from "./evaluation-flags.js";
import { detectSession, type SessionFlags } from "./run-session.js";
import { addTrainingFlags, outRunOption, type TrainingFlags, trainingLayers } from "./training-flags.js";

export const markedSetHelp =
  "folder of a set: COCO's (annotations/instances_train2017.json with train2017), or of mixedae data compose";

type TrainFlags = ModelFlags & SessionFlags & TrainingFlags<DetectRecipeName> & { readonly data: string };

/** `name` is that of the command, which says itself what it is part of. */
export function addDetectTrain(
  name: string,
  group: Command,
  context: CliContext,
  finish: (exitCode: number) => void,
): void {
  const command = group
    .command(name)
    .summary(detectEvaluation.summary)
    .description(detectEvaluation.description)
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--data <folder>", markedSetHelp)
    .addOption(outRunOption())
    .addOption(new Option("--seed <n>", "seed of all random draws").argParser(wholeNumber).default(0));
  addModelFlags(
    addTrainingFlags(
      command,
      detectRecipeNames,
      "small for small encoders and sets, vitdet for ViTDet's recipe on COCO",
    ),
  )
    .addHelpText(
      "after",
      [
        "",
        "Crowds, and objects without an extent, are left out of what is learnt; in COCO's scores they count as COCO says.",
        "",
        "Examples:",
        "  mixedae detect train --from runs/first --data scenes --out runs/detect",
        "  mixedae detect train --from runs/first --data scenes --out runs/boxes --set head.masks=false",
        "  mixedae detect train --from runs/base --recipe vitdet --data coco --out runs/coco",
        "",
        "Keys for --config (nested) and --set (joined by dots), with the values of the recipe small:",
        ...detectKeys("small").flatMap(describeKey),
      ].join("\n"),
    )
    .action(async (flags: TrainFlags) => {
      const { trainDetector } = await import("../evaluations/index.js");
      const { data, recipe, out } = flags;
      const request = { ...modelRequest(flags, context), images: data, recipe, layers: trainingLayers(flags) };
      finish(await detectSession(context, out, flags, (options) => trainDetector(request, out, options)));
    });
}
