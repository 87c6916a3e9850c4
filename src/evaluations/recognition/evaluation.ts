// Recognition within mixtures as an evaluation: its options, and how its result is shown.

import { z } from "zod";
import { printable } from "../../terminal/printable.js";
import { formatCount } from "../../terminal/quantities.js";
import { frozenEvaluation, percentMeasure } from "../evaluation.js";
import { heldOutImages } from "../options.js";
import { percent } from "../report.js";
import type { RecognitionReport } from "./evaluate-recognition.js";

export const recognition = frozenEvaluation({
  name: "recognition",
  task: "recognition",
  trains: false,
  summary: "find the patches of an image within a mixture",
  description:
    "Mixes images in fours, patch by patch, and asks which patches of a mixture the encoder, as it is transferred and " +
    "so without segment embeddings, makes alike. Prints the share of a patch's nearest patches that are of its own image.",
  examples: ["--from runs/first --test photos"],
  needs: "nothing",
  options: z.strictObject(heldOutImages(2000, "decides which images those are, and how they are mixed")),
  recorded: { images: 2000 },
  measure: percentMeasure("nearest patches of the same image"),
  measuresPretext: true,
  checksMemory: false,
  async run(request, { progress }) {
    const { evaluateRecognition } = await import("./evaluate-recognition.js");
    return evaluateRecognition(request, progress);
  },
  lines: ({ from, test, detail }: RecognitionReport) => [
    `${printable(from)}: ${formatCount(test.images)} mixtures, ${formatCount(detail.compared)} nearest patches of each patch`,
    `of the same image ${percent(detail.homologous)}, by guessing ${percent(detail.chance)}`,
  ],
  result: ({ test, detail }) => ({ train: { images: 0 }, test, score: detail.homologous, chance: detail.chance }),
});
