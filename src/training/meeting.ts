// Where the processes of a run meet between steps: what any of them wants, all do; what one of them met, the first tells.

import type { SafetensorsEntry } from "../formats/safetensors.js";
import { countTrue, gatherValues } from "../processes/agreement.js";
import type { Communicator } from "../processes/communicator.js";
import type { RunEvents } from "./run-events.js";

/** Whether each of these holds for any process. */
export async function agree(events: RunEvents, wishes: readonly boolean[]): Promise<readonly boolean[]> {
  const { communicator, isFirst } = events;
  if (communicator.size === 1) return wishes;
  const untold = events.takeUntold();
  const counts = await countTrue(communicator, [...wishes, untold.length > 0]);
  if (counts.at(-1)! > 0) {
    const told = await gatherValues(communicator, untold);
    if (isFirst) for (const happening of told.flat()) events.emitOnce(happening);
  }
  return wishes.map((_, index) => counts[index]! > 0);
}

/** Tensors of which each process has some rows, as one: those of the first process first. */
export async function gatherRows(
  communicator: Communicator,
  entries: readonly SafetensorsEntry[],
): Promise<SafetensorsEntry[]> {
  if (communicator.size === 1) return [...entries];
  const gathered: SafetensorsEntry[] = [];
  for (const entry of entries) {
    const { data, shape } = entry;
    const parts = await communicator.gather(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let place = 0;
    for (const part of parts) {
      bytes.set(part, place);
      place += part.length;
    }
    const rows = (shape[0]! * bytes.length) / data.byteLength;
    const whole = new (data.constructor as new (buffer: ArrayBuffer) => typeof data)(bytes.buffer);
    gathered.push({ ...entry, shape: [rows, ...shape.slice(1)], data: whole } as SafetensorsEntry);
  }
  return gathered;
}
