// What each process found out about the images that it read, made known to all.

import type { ImageStamps } from "../data/index.js";
import type { Communicator } from "../processes/communicator.js";

/** Of one image: its row, size, time and checksum. */
const COLUMNS = 4;

/**
 * Every process tells of the images that it has read and not told of before, and takes over what it did not know. Returns
 * which are known to all: 1 each, in the order of the set. Null where images have no files of their own.
 */
export async function shareStamps(
  communicator: Communicator,
  stamps: ImageStamps | null,
  shared?: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (stamps === null) return undefined;
  const { sizes, times, sums } = stamps;
  const known = shared ?? new Uint8Array(sizes.length);
  const rows = [...sizes.keys()].filter((row) => sizes[row] !== 0 && known[row] === 0);
  const told = Float64Array.from(rows.flatMap((row) => [row, sizes[row]!, times[row]!, sums[row]!]));
  const all = await communicator.gather(new Uint8Array(told.buffer));
  for (const bytes of all) {
    const values = new Float64Array(bytes.slice().buffer);
    for (let start = 0; start < values.length; start += COLUMNS) {
      const [row, size, time, sum] = values.subarray(start, start + COLUMNS) as unknown as [number, ...number[]];
      known[row] = 1;
      if (sizes[row] !== 0) continue;
      [sizes[row], times[row], sums[row]] = [size!, time!, sum!];
    }
  }
  return known;
}
