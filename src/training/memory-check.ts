// Compares the memory that is planned with what is free, before anything of it is taken.

import { measureMemory } from "../engine/machine.js";
import { formatBytes } from "../terminal/quantities.js";
import { MemoryError } from "./errors.js";

/** One of the things that memory is planned for. */
export interface MemoryPart {
  /** In words, such as "one micro-batch of 128 images". */
  readonly name: string;
  readonly bytes: number;
  /** What makes it smaller: keys or flags. */
  readonly lower: string;
  /** A setting that makes it smaller at the cost of time. */
  readonly alternative?: string;
  /** Whether it lies in a GPU's memory, of which the system says nothing: it is then not compared. */
  readonly onGpu?: boolean;
}

export interface MemoryCheck {
  /** False goes on whatever is planned, and says nothing. */
  readonly enabled: boolean;
  /** How to switch the check off, for the message. */
  readonly switchOff: string;
  /** Is told where the plan nearly takes what is free. */
  readonly warn: (message: string, sign: string) => void;
  /** What is free, by default on this machine at this moment. */
  readonly availableBytes?: number;
}

/** How the check of a run is switched off: its key, or the flag of a run that goes on. */
export const switchOffRun = "run.memoryCheck=false (for mixedae resume: --no-memory-check)";

/**
 * From this share of the free memory on, a line warns: the process itself takes some 250 MiB, and the allocator of the
 * engine was seen to take 1.4 times what is planned.
 */
const CLOSE = 0.7;
/** Parts that a message names. */
const NAMED = 3;

export function plannedBytes(parts: readonly MemoryPart[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Throws MemoryError where the parts are more than is free; warns where they are nearly as much. */
export function checkMemory(parts: readonly MemoryPart[], check: MemoryCheck): void {
  if (!check.enabled) return;
  const { availableBytes = measureMemory().availableBytes, switchOff, warn } = check;
  const onHost = parts.filter(({ onGpu = false }) => !onGpu);
  const total = plannedBytes(onHost);
  if (total <= CLOSE * availableBytes) return;
  const largest = onHost.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const named = largest.slice(0, NAMED);
  const list = named.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(", ");
  const keys = new Set(named.flatMap(({ lower }) => lower.split(", ")));
  const settings = new Set(named.flatMap(({ alternative }) => (alternative === undefined ? [] : `set ${alternative}`)));
  const remedy = [...keys, ...settings].join(", ");
  if (total <= availableBytes) {
    const share = Math.round((100 * total) / availableBytes);
    warn(
      `about ${formatBytes(total)} of memory is planned, ${share}% of what is free (${list}). ` +
        `Should it run out, lower ${remedy}`,
      "memory",
    );
    return;
  }
  throw new MemoryError(
    `Expected a plan that fits into the ${formatBytes(availableBytes)} of memory that are free; found one of about ` +
      `${formatBytes(total)}: ${list}. Lower ${remedy}, or free memory; ${switchOff} skips this check`,
  );
}
