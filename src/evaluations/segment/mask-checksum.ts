// One checksum of all masks of a set, by their names and bytes.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type MaskFiles, maskName } from "../../data/index.js";
import { LARGEST_LIST, readBytes } from "../../files/regular-file.js";
import type { Waits } from "../../terminal/waiting.js";

const AT_ONCE = 16;

/** SHA-256 in hexadecimal. Masks that cannot be read count as such: what becomes of them is found out with their images. */
export function maskChecksum(masks: MaskFiles, count: number, waits: Waits): Promise<string> {
  return waits.during("Comparing the masks", async (onProgress) => {
    const hash = createHash("sha256");
    for (let index = 0; index < count; index++) {
      const name = maskName(masks, index);
      const bytes = bytesOf(join(masks.root, name));
      hash.update(`${name}\0${bytes?.length ?? "unreadable"}\0`);
      if (bytes !== undefined) hash.update(bytes);
      if (index % AT_ONCE !== 0) continue;
      waits.signal?.throwIfAborted();
      onProgress(index, count);
      await setImmediate();
    }
    return hash.digest("hex");
  });
}

function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readBytes(path, LARGEST_LIST);
  } catch {
    return undefined;
  }
}
