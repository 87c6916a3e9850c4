// The error of weights that are not damaged, but cannot be had as they were asked for.

import { FormatError } from "../formats/errors.js";

/** A file of another kind, a part that it does not have, a size that its patches do not fit. */
export class WeightsRequestError extends FormatError {
  /** It is the request that has to change. */
  readonly isMisuse = true;
}
