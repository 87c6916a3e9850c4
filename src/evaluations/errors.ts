// The error of an evaluation that cannot be carried out with what it was given.

import { DataError } from "../data/errors.js";

/** Sets that do not fit together, or files that are not what they should be: expected, found, what to do. */
export class EvaluationError extends DataError {
  override readonly name: string = "EvaluationError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** A file of a set or of an evaluation that is not whole, or a result that is not a number. */
export class DamagedFileError extends EvaluationError {
  override readonly name = "DamagedFileError";

  override get isMisuse(): boolean {
    return false;
  }
}

/** Files that another process is writing at the moment. */
export class BusyFilesError extends EvaluationError {
  override readonly name = "BusyFilesError";

  override get isMisuse(): boolean {
    return false;
  }
}
