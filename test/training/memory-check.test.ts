// What is planned against what is free: silence, a warning, or an error that says what to lower.
import { expect, test } from "vitest";
import { MemoryError } from "#src/training/errors.js";
import { checkMemory, type MemoryCheck, type MemoryPart } from "#src/training/memory-check.js";

const GIB = 2 ** 30;
const parts: readonly MemoryPart[] = [
  { name: "weights", bytes: GIB, lower: "model.width" },
  { name: "computing 8 images at once", bytes: 4 * GIB, lower: "schedule.microBatch, model.imageSize" },
  { name: "batches ahead", bytes: GIB / 4, lower: "schedule.batchSize, model.imageSize" },
  { name: "pictures", bytes: GIB / 8, lower: "nothing" },
];

function linesOf(availableBytes: number, change: Partial<MemoryCheck> = {}, of = parts): string[] {
  const lines: string[] = [];
  const warn = (line: string) => lines.push(line);
  checkMemory(of, { enabled: true, switchOff: "run.memoryCheck=false", warn, availableBytes, ...change });
  return lines;
}

test("nothing is said where there is room", () => {
  expect(linesOf(8 * GIB)).toEqual([]);
});

test("a line warns where it is close", () => {
  expect(linesOf(6 * GIB)).toEqual([
    "about 5.4 GiB of memory is planned, 90% of what is free (computing 8 images at once 4.0 GiB, weights " +
      "1.0 GiB, batches ahead 256 MiB). Should it run out, lower schedule.microBatch, model.imageSize, model.width, " +
      "schedule.batchSize",
  ]);
});

test("too much is refused, with the largest parts, what to lower, and how to go on", () => {
  expect(() => linesOf(4 * GIB)).toThrow(MemoryError);
  expect(() => linesOf(4 * GIB)).toThrow(
    "Expected a plan that fits into the 4.0 GiB of memory that are free; found one of about 5.4 GiB: computing 8 " +
      "images at once 4.0 GiB, weights 1.0 GiB, batches ahead 256 MiB. Lower schedule.microBatch, model.imageSize, " +
      "model.width, schedule.batchSize, or free memory; run.memoryCheck=false skips this check",
  );
});

test("the check can be switched off", () => {
  expect(linesOf(GIB, { enabled: false })).toEqual([]);
});

test("what lies on a GPU is not compared with the machine's memory", () => {
  const onGpu = parts.map((part) => (part.bytes === 4 * GIB ? { ...part, onGpu: true } : part));
  expect(linesOf(4 * GIB, {}, onGpu)).toEqual([]);
});
