// The images of a fine-tuning and what its run keeps of them.

import type { ResumeOverrides } from "../../training/hooks.js";
import { goOnWithImages as goOn, KeptImages } from "../../training/kept-images.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { RunEvents } from "../../training/run-events.js";
import { EvaluationError } from "../errors.js";
import type { LabelledSets } from "../labelled-sets.js";
import type { FinetuneConfig } from "./config.js";

/** What a run keeps of the images that it learns from and of those that it is tested on. */
export interface FinetuneImages {
  readonly train: KeptImages;
  readonly test: KeptImages;
}

export function beginImages({ paths }: RunDirectory<FinetuneConfig>, { train, test }: LabelledSets): FinetuneImages {
  return {
    train: KeptImages.begin(paths.images, train.source),
    test: KeptImages.begin(paths.testImages, test.source),
  };
}

export async function goOnWithImages(
  run: RunDirectory<FinetuneConfig>,
  { train, test }: LabelledSets,
  overrides: ResumeOverrides,
  events: RunEvents,
): Promise<FinetuneImages> {
  const { paths, folder } = run;
  return {
    train: await goOn(paths.images, train.source, folder, overrides, events),
    test: await goOn(paths.testImages, test.source, folder, overrides, events),
  };
}

/** Of images that were accepted as they are now, the classes at least must be the same. */
export function checkClasses({ config }: RunDirectory<FinetuneConfig>, { classes }: LabelledSets): void {
  if (classes.join("\n") === config.classes.join("\n")) return;
  throw new EvaluationError({
    expected: `the classes that the run began with: ${config.classes.join(", ")}`,
    found: classes.join(", "),
    remedy: "Restore the folders of the classes, or start a new fine-tuning",
  });
}
