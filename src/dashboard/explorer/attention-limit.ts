// How much attention a page can show.

import type { PretrainConfig } from "../../config/schema.js";
import { patchCount } from "../../nn/presets.js";
import { UnanswerableError } from "../background/unanswerable-error.js";

/** Values of attention, over blocks and heads: more would be too much for a page. */
const MOST_ATTENTION = 1 << 24;

/** Throws UnanswerableError where the attention of so many images is more than a page can show. */
export function checkAttention({ model }: PretrainConfig, images: number): void {
  const values = images * model.depth * model.heads * patchCount(model) ** 2;
  if (values <= MOST_ATTENTION) return;
  throw new UnanswerableError(
    `Expected at most ${MOST_ATTENTION} values of attention; found ${values} (${model.depth} blocks, ${model.heads} heads, ` +
      `${patchCount(model)} patches). Explore a run of a smaller model.`,
  );
}
