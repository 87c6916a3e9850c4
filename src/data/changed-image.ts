// What ends the reading of images where a worker thread finds one that is not as it was.

import { SourceChangedError } from "./errors.js";
import type { ImageSource } from "./image-source.js";

/** Going on would mix results of two sets of images. */
export function changedImage(source: ImageSource, index: number): SourceChangedError {
  return new SourceChangedError({
    expected: `${source.name(index)} to be as it was when it was read before`,
    found: "other content",
    remedy: "Restore the file; or accept it as it is now: mixedae resume RUN --accept-changed-source",
  });
}
