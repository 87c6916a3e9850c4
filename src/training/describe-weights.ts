// What a new run took of the weights that it starts from, in words.

import { printable } from "../terminal/printable.js";
import type { WeightsHappening } from "./events.js";

/** Lines: whose weights, then what became of their tensors and the run's. */
export function describeWeights({
  path,
  fingerprint,
  matched,
  resized,
  initialised,
  leftOut,
}: WeightsHappening): string[] {
  const rows: (readonly [string, readonly string[], string])[] = [
    ["taken", matched, ""],
    ["resized", resized, ", resampled for another number of patches"],
    ["initialised", initialised, ", which the weights do not have"],
    ["left out", leftOut, ", which the run has no place for"],
  ];
  return [
    `Starts from the weights of ${path} (${fingerprint})`,
    ...rows
      .filter(([, names]) => names.length > 0)
      .map(([what, names, why]) => `  ${what.padEnd(13)}${groupsOf(names)}${why}`),
  ].map(printable);
}

/** Names with blocks and layers as groups: "blocks (72 tensors), cls_token". */
function groupsOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const group = name.split(".")[0]!;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([group, count]) => (count === 1 ? group : `${group} (${count} tensors)`)).join(", ");
}
