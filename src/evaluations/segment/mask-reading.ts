// Masks of a set one after the other, outside a batch: those that cannot be read are found out with their images.

import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type MaskFiles, maskName } from "../../data/index.js";
import { LARGEST_LIST, readBytes } from "../../files/regular-file.js";
import { decodePngValues, type PngValues } from "../../formats/png-values.js";
import type { Count, Waits } from "../../terminal/waiting.js";

const MOST_PIXELS = 8192 ** 2;
const AT_ONCE = 16;

/** Undefined where the file cannot be read. */
export function maskBytes(masks: MaskFiles, index: number): Uint8Array | undefined {
  return valueOrNothing(() => readBytes(join(masks.root, maskName(masks, index)), LARGEST_LIST));
}

/** Undefined where the file is no mask. */
export function maskValues(masks: MaskFiles, index: number): PngValues | undefined {
  const bytes = maskBytes(masks, index);
  return bytes && valueOrNothing(() => decodePngValues(bytes, MOST_PIXELS));
}

/** Visits each, and lets others have their turn now and then. */
export async function eachMask(
  count: number,
  visit: (index: number) => void,
  onProgress: Count,
  signal: Waits["signal"],
): Promise<void> {
  for (let index = 0; index < count; index++) {
    visit(index);
    if (index % AT_ONCE !== 0) continue;
    signal?.throwIfAborted();
    onProgress(index, count);
    await setImmediate();
  }
}

function valueOrNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
