// A warning where images are tested on that were learnt from.

import { findSharedImages } from "../data/shared-images.js";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import type { LabelledSets } from "./labelled-sets.js";

/** Calls `warn` with what it means for the result, where it finds images in both sets. */
export async function warnOfSharedImages(
  { train, test }: Pick<LabelledSets, "train" | "test">,
  warn: (message: string) => void,
): Promise<void> {
  const { compared, shared } = await findSharedImages(train, test);
  if (shared.length === 0) return;
  const examples = shared.slice(0, 3).map(printable).join(", ");
  const images = `${formatCount(shared.length)} of ${formatCount(compared)} test images`;
  warn(
    `${images} ${compared < test.indices.length ? "that were compared " : ""}are also among those to learn from ` +
      `(${examples}): the result says how well known images are recognised, and not how well new ones are. Give other ` +
      "images to test on, or hold some out: --holdout 0.2 in place of --test",
  );
}
