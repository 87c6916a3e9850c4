// Evaluations looked up by their names.

import { EvaluationError } from "./errors.js";
import type { Evaluation } from "./evaluation.js";
import { evaluations } from "./registry.js";

/** By the name in recipes and reports. Throws EvaluationError where there is none. */
export function evaluationOfTask(task: string): Evaluation {
  const found = evaluations.find((each) => each.task === task);
  if (found !== undefined) return found;
  throw new EvaluationError({
    expected: `an evaluation: ${evaluations.map((each) => each.task).join(", ")}`,
    found: task,
    remedy: "Use the version of mixedae that it was made with",
  });
}
