// The labels that are in masks, where nobody names the classes: every mask is read once.

import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type ImageSource, type MaskFiles, maskName } from "../../data/index.js";
import { LARGEST_LIST, readBytes } from "../../files/regular-file.js";
import { decodePngValues } from "../../formats/png-values.js";
import { IGNORED } from "../../heads/segmentation-metrics.js";
import type { Waits } from "../../terminal/waiting.js";
import { EvaluationError } from "../errors.js";

const MOST_PIXELS = 8192 ** 2;
const AT_ONCE = 16;

/** Masks that cannot be read are left to be found when their images are. Throws EvaluationError where no mask can be read. */
export async function largestLabel(masks: MaskFiles, source: ImageSource, waits: Waits | undefined): Promise<number> {
  const search = async (onProgress: (done: number, count: number) => void) => {
    let largest = -1;
    for (let index = 0; index < source.count; index++) {
      largest = Math.max(largest, labelIn(join(masks.root, maskName(masks, index))));
      if (index % AT_ONCE !== 0) continue;
      waits?.signal?.throwIfAborted();
      onProgress(index, source.count);
      await setImmediate();
    }
    return largest;
  };
  const largest = await (waits === undefined
    ? search(() => {})
    : waits.during("Reading the labels of the masks", search));
  if (largest >= 0) return largest;
  throw new EvaluationError({
    expected: `masks with labels in ${masks.root}: greyscale or indexed PNG files with the names of the images`,
    found: "none that can be read",
    remedy: "Put them there",
  });
}

function labelIn(path: string): number {
  try {
    const { values } = decodePngValues(readBytes(path, LARGEST_LIST), MOST_PIXELS);
    return values.reduce((most, value) => (value === IGNORED ? most : Math.max(most, value)), -1);
  } catch {
    return -1;
  }
}
