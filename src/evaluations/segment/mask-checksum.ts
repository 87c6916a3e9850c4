// One checksum of all masks of a set, by their names and bytes.

import { createHash } from "node:crypto";
import { type MaskFiles, maskName } from "../../data/index.js";
import type { Waits } from "../../terminal/waiting.js";
import { eachMask, maskBytes } from "./mask-reading.js";

/** SHA-256 in hexadecimal. Masks that cannot be read count as such. */
export function maskChecksum(masks: MaskFiles, count: number, waits: Waits): Promise<string> {
  return waits.during("Comparing the masks", async (onProgress) => {
    const hash = createHash("sha256");
    const add = (index: number) => {
      const bytes = maskBytes(masks, index);
      hash.update(`${maskName(masks, index)}\0${bytes?.length ?? "unreadable"}\0`);
      if (bytes !== undefined) hash.update(bytes);
    };
    await eachMask(count, add, onProgress, waits.signal);
    return hash.digest("hex");
  });
}
