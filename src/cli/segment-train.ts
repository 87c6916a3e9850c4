// mixedae segment train: a pre-trained encoder and a new head learn classes of pixels.

import { type Command, Option } from "commander";
import { segmentKeys } from "../evaluations/segment/config.js";
import { segmentEvaluation } from "../evaluations/segment/evaluation.js";
import { type SegmentRecipeName, segmentRecipeNames } from "../evaluations/segment/recipes.js";
import { describeKey } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { addModelFlags, fromFlag, fromHelp, type ModelFlags, modelRequest, wholeNumber } from "./evaluation-flags.js";
import { type SessionFlags, segmentSession } from "./run-session.js";
import { addTrainingFlags, outRunOption, type TrainingFlags, trainingLayers } from "./training-flags.js";

export const maskedSetHelp =
  "folder of a set: images/training with annotations/training (ADE20K's, or of mixedae data compose), or images with masks";

type TrainFlags = ModelFlags & SessionFlags & TrainingFlags<SegmentRecipeName> & { readonly data: string };

/** `name` is that of the command, which says itself what it is part of. */
export function addSegmentTrain(
  name: string,
  group: Command,
  context: CliContext,
  finish: (exitCode: number) => void,
): void {
  const command = group
    .command(name)
    .summary(segmentEvaluation.summary)
    .description(segmentEvaluation.description)
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--data <folder>", maskedSetHelp)
    .addOption(outRunOption())
    .addOption(new Option("--seed <n>", "seed of all random draws").argParser(wholeNumber).default(0));
  addModelFlags(
    addTrainingFlags(
      command,
      segmentRecipeNames,
      "small for small encoders and sets, upernet for MAE's recipe on ADE20K",
    ),
  )
    .addHelpText(
      "after",
      [
        "",
        "In ADE20K's layout label 0 is no class; in composed scenes it is the background, a class; in images and masks the",
        "first line of classes.txt names it. 255 is no label anywhere.",
        "",
        "Examples:",
        "  mixedae segment train --from runs/first --data scenes --out runs/segment",
        "  mixedae segment train --from runs/first --data scenes --out runs/linear --set head.kind=linear",
        "  mixedae segment train --from runs/base --recipe upernet --data ade20k --out runs/ade20k",
        "",
        "Keys for --config (nested) and --set (joined by dots), with the values of the recipe small:",
        ...segmentKeys("small").flatMap(describeKey),
      ].join("\n"),
    )
    .action(async (flags: TrainFlags) => {
      const { trainSegmenter } = await import("../evaluations/index.js");
      const { data, recipe, out } = flags;
      const request = { ...modelRequest(flags, context), images: data, recipe, layers: trainingLayers(flags) };
      finish(await segmentSession(context, out, flags, (options) => trainSegmenter(request, out, options)));
    });
}
