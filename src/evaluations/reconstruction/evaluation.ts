// Reconstruction of held-out images as an evaluation: its options, and how its result is shown.

import { z } from "zod";
import { reconstructs } from "../../config/config.js";
import { printable } from "../../terminal/printable.js";
import { formatCount } from "../../terminal/quantities.js";
import { frozenEvaluation } from "../evaluation.js";
import { heldOutImages } from "../options.js";
import type { ReconstructionReport } from "./evaluate-reconstruction.js";

export const reconstruction = frozenEvaluation({
  name: "reconstruction",
  task: "reconstruction",
  trains: false,
  summary: "reconstruct images that were not trained on",
  description:
    "Hides patches of images as the pre-training of the run did, and measures how well the model reconstructs them. " +
    "Prints the mean squared error over the hidden patches.",
  examples: ["--from runs/first --test photos"],
  needs: "nothing",
  options: z.strictObject(heldOutImages(10_000, "decides which images those are, and what is hidden of each")),
  recorded: { images: 10_000 },
  measure: { name: "reconstruction loss", scale: 1, digits: 4, unit: "" },
  measuresPretext: true,
  suits: (pretraining) => pretraining !== undefined && reconstructs(pretraining),
  runsOnly: true,
  checksMemory: false,
  async run({ from, ...request }, { progress }) {
    const { evaluateReconstruction } = await import("./evaluate-reconstruction.js");
    return evaluateReconstruction({ run: from, ...request }, progress);
  },
  lines: ({ from, method, test, detail }: ReconstructionReport) => [
    `${printable(from)}, ${method}: ${formatCount(test.images)} images`,
    `reconstruction loss ${detail.reconstruction.toFixed(4)}`,
  ],
  result: ({ test, detail }) => ({ train: { images: 0 }, test, score: detail.reconstruction }),
});
