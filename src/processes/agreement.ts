// What processes agree on: whether any of them wants something, and values that one of them alone finds out.

import type { Communicator } from "./communicator.js";

/** How many processes each of these holds for. */
export async function countTrue(communicator: Communicator, flags: readonly boolean[]): Promise<readonly number[]> {
  if (communicator.size === 1) return flags.map(Number);
  const counts = Float64Array.from(flags, Number);
  await communicator.sum(counts);
  return [...counts];
}

/** What the first process computes, at all of them; it must survive being written as JSON. */
export async function fromFirst<Value>(
  communicator: Communicator,
  compute: () => Value | Promise<Value>,
): Promise<Value> {
  if (communicator.size === 1) return compute();
  if (communicator.rank === 0) {
    const value = await compute();
    await gatherValues(communicator, { value });
    return value;
  }
  const [first] = await gatherValues<{ readonly value: Value }>(communicator, {} as { readonly value: Value });
  return first!.value;
}

/** The values of all processes, in the order of their ranks; each must survive being written as JSON. */
export async function gatherValues<Value>(communicator: Communicator, value: Value): Promise<readonly Value[]> {
  if (communicator.size === 1) return [value];
  const all = await communicator.gather(Buffer.from(JSON.stringify(value)));
  return all.map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as Value);
}
