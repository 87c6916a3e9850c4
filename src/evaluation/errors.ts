// The error of an evaluation that cannot be carried out with what it was given.

import { DataError } from "../data/errors.js";

/** Sets that do not fit together, or files that are not what they should be: expected, found, what to do. */
export class EvaluationError extends DataError {
  override readonly name = "EvaluationError";
}
