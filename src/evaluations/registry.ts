// Every evaluation. A new one is a folder beside this file, and a line in this list with its import.

import { detectEvaluation } from "./detect/evaluation.js";
import type { Evaluation } from "./evaluation.js";
import { finetuneEvaluation } from "./finetune/evaluation.js";
import { knn } from "./knn/evaluation.js";
import { patches } from "./patches/evaluation.js";
import { probe } from "./probe/evaluation.js";
import { recognition } from "./recognition/evaluation.js";
import { reconstruction } from "./reconstruction/evaluation.js";
import { segmentEvaluation } from "./segment/evaluation.js";

/** All evaluations, in the order in which they are listed. */
export const evaluations: readonly Evaluation[] = [
  knn,
  probe,
  patches,
  recognition,
  reconstruction,
  finetuneEvaluation,
  segmentEvaluation,
  detectEvaluation,
];
