// The labels that are in masks, where nobody names the classes: every mask is read once.

import type { ImageSource, MaskFiles } from "../../data/index.js";
import { IGNORED } from "../../heads/segmentation-metrics.js";
import type { Count, Waits } from "../../terminal/waiting.js";
import { EvaluationError } from "../errors.js";
import { eachMask, maskValues } from "./mask-reading.js";

/** Masks that cannot be read are left to be found when their images are. Throws EvaluationError where no mask can be read. */
export async function largestLabel(masks: MaskFiles, source: ImageSource, waits: Waits | undefined): Promise<number> {
  const search = async (onProgress: Count) => {
    let largest = -1;
    const look = (index: number) => {
      largest = Math.max(largest, labelIn(masks, index));
    };
    await eachMask(source.count, look, onProgress, waits?.signal);
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

function labelIn(masks: MaskFiles, index: number): number {
  const { values } = maskValues(masks, index) ?? { values: new Uint8Array(0) };
  return values.reduce((most, value) => (value === IGNORED ? most : Math.max(most, value)), -1);
}
