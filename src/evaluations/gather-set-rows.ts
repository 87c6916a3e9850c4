// The rows that several processes computed of their shares of a set, as those of the whole set.

import { gatherValues } from "../processes/agreement.js";
import type { Communicator } from "../processes/communicator.js";
import type { SetRows } from "./set-rows.js";

/** The rows of the first process come first. Outputs that a process without images does not know are those of others. */
export async function gatherSetRows<Output extends string>(
  communicator: Communicator,
  { rows, labels, skipped }: SetRows<Output>,
): Promise<SetRows<Output>> {
  if (communicator.size === 1) return { rows, labels, skipped };
  const told = await gatherValues(communicator, { outputs: Object.keys(rows) as Output[], skipped });
  const outputs = [...new Set(told.flatMap((each) => each.outputs))];
  const gathered: [Output, Float32Array][] = [];
  for (const output of outputs) {
    const own = rows[output] ?? new Float32Array(0);
    gathered.push([output, new Float32Array(await gatherBytes(communicator, own))]);
  }
  return {
    rows: Object.fromEntries(gathered) as Record<Output, Float32Array>,
    labels: new Int32Array(await gatherBytes(communicator, labels)),
    skipped: told.flatMap((each) => each.skipped),
  };
}

async function gatherBytes(communicator: Communicator, own: Float32Array | Int32Array): Promise<ArrayBuffer> {
  const parts = await communicator.gather(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes.buffer;
}
