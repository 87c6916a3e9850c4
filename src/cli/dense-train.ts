// mixedae segment train and detect train: a pre-trained encoder and new heads learn classes of pixels, or boxes and masks.

import { type Command, Option } from "commander";
import type { ConfigKey } from "../config/keys.js";
import { detectKeys } from "../evaluations/detect/config.js";
import { detectEvaluation } from "../evaluations/detect/evaluation.js";
import { detectRecipeNames } from "../evaluations/detect/recipes.js";
import type { DetectRequest } from "../evaluations/detect/train-detector.js";
import { segmentKeys } from "../evaluations/segment/config.js";
import { segmentEvaluation } from "../evaluations/segment/evaluation.js";
import { segmentRecipeNames } from "../evaluations/segment/recipes.js";
import type { SegmentRequest } from "../evaluations/segment/train-segmenter.js";
import { describeKey } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { addModelFlags, fromFlag, fromHelp, type ModelFlags, modelRequest, wholeNumber } from "./evaluation-flags.js";
import { detectSession, type SessionFlags, segmentSession } from "./run-session.js";
import { addTrainingFlags, outRunOption, type TrainingFlags, trainingLayers } from "./training-flags.js";

export const maskedSetHelp =
  "folder of a set: images/training with annotations/training (ADE20K's, or of mixedae data compose), or images with masks";
export const markedSetHelp =
  "folder of a set: COCO's (annotations/instances_train2017.json with train2017), or of mixedae data compose";

/** What is asked for, by a recipe of the task that the command line has checked. */
type DenseRequest = (SegmentRequest | DetectRequest) & { readonly recipe: string };
type TrainFlags = ModelFlags & SessionFlags & TrainingFlags<string> & { readonly data: string };

/** What the two commands do not share. */
interface DenseTask {
  readonly evaluation: { readonly summary: string; readonly description: string };
  readonly dataHelp: string;
  readonly recipes: readonly string[];
  readonly recipeHelp: string;
  /** Said before the examples, and then they. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
  readonly keys: () => readonly ConfigKey[];
  readonly train: (context: CliContext, flags: SessionFlags, request: DenseRequest, out: string) => Promise<number>;
}

const segment: DenseTask = {
  evaluation: segmentEvaluation,
  dataHelp: maskedSetHelp,
  recipes: segmentRecipeNames,
  recipeHelp: "small for small encoders and sets, upernet for MAE's recipe on ADE20K",
  notes: [
    "In ADE20K's layout label 0 is no class; in composed scenes it is the background, a class; in images and masks the",
    "first line of classes.txt names it. 255 is no label anywhere.",
  ],
  examples: [
    "mixedae segment train --from runs/first --data scenes --out runs/segment",
    "mixedae segment train --from runs/first --data scenes --out runs/linear --set head.kind=linear",
    "mixedae segment train --from runs/base --recipe upernet --data ade20k --out runs/ade20k",
  ],
  keys: () => segmentKeys("small"),
  async train(context, flags, request, out) {
    const { trainSegmenter } = await import("../evaluations/index.js");
    return segmentSession(context, out, flags, (options) => trainSegmenter(request as SegmentRequest, out, options));
  },
};

const detect: DenseTask = {
  evaluation: detectEvaluation,
  dataHelp: markedSetHelp,
  recipes: detectRecipeNames,
  recipeHelp: "small for small encoders and sets, vitdet for ViTDet's recipe on COCO",
  notes: [
    "Crowds, and objects without an extent, are left out of what is learnt; in COCO's scores they count as COCO says.",
  ],
  examples: [
    "mixedae detect train --from runs/first --data scenes --out runs/detect",
    "mixedae detect train --from runs/first --data scenes --out runs/boxes --set head.masks=false",
    "mixedae detect train --from runs/base --recipe vitdet --data coco --out runs/coco",
  ],
  keys: () => detectKeys("small"),
  async train(context, flags, request, out) {
    const { trainDetector } = await import("../evaluations/index.js");
    return detectSession(context, out, flags, (options) => trainDetector(request as DetectRequest, out, options));
  },
};

type Finish = (exitCode: number) => void;

/** `name` is that of the command, which says itself what it is part of. */
export function addSegmentTrain(name: string, group: Command, context: CliContext, finish: Finish): void {
  addDenseTrain(segment, group.command(name), context, finish);
}

export function addDetectTrain(name: string, group: Command, context: CliContext, finish: Finish): void {
  addDenseTrain(detect, group.command(name), context, finish);
}

function addDenseTrain(
  { evaluation, dataHelp, recipes, recipeHelp, notes, examples, keys, train }: DenseTask,
  command: Command,
  context: CliContext,
  finish: Finish,
): void {
  command
    .summary(evaluation.summary)
    .description(evaluation.description)
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--data <folder>", dataHelp)
    .addOption(outRunOption())
    .addOption(new Option("--seed <n>", "seed of all random draws").argParser(wholeNumber).default(0));
  addModelFlags(addTrainingFlags(command, recipes, recipeHelp))
    .addHelpText(
      "after",
      [
        ...["", ...notes, "", "Examples:", ...examples.map((example) => `  ${example}`), ""],
        "Keys for --config (nested) and --set (joined by dots), with the values of the recipe small:",
        ...keys().flatMap(describeKey),
      ].join("\n"),
    )
    .action(async (flags: TrainFlags) => {
      const { data, recipe, out } = flags;
      const request = { ...modelRequest(flags, context), images: data, recipe, layers: trainingLayers(flags) };
      finish(await train(context, flags, request as DenseRequest, out));
    });
}
