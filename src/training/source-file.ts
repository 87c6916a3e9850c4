// images.jsonl.gz: the images that a run began with, one a line, as they were when they were read.

import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import type { SourceRecord } from "../data/index.js";
import { allocateStamps } from "../data/index.js";
import { writeAtomically } from "../files/atomic-write.js";
import { type FileSystem, readBytesIfThere } from "../files/storage.js";
import { RunDirectoryError } from "./errors.js";

const FORMAT = "mixedae-images";
const VERSION = 1;
/** Some ten million images. */
const MOST_BYTES = 2 ** 31 - 1;

const headerSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  kind: z.enum(["folder", "tar", "idx"]),
  count: z.int().min(0),
  containers: z.array(
    z.object({
      name: z.string(),
      size: z.number().nullable(),
      time: z.number(),
      sum: z.number().nullable(),
    }),
  ),
});

/** Its name, and what is known of it: nothing more for an image that was not read yet. */
const imageSchema = z.union([
  z.tuple([z.string()]),
  z.tuple([z.string(), z.number().positive(), z.number(), z.int().min(0).max(0xffffffff)]),
]);

/** Writes atomically. Throws StorageError. */
export async function writeSourceFile(path: string, record: SourceRecord, files?: FileSystem): Promise<void> {
  const { kind, containers, names, stamps } = record;
  const lines = [JSON.stringify({ format: FORMAT, version: VERSION, kind, count: names.length, containers })];
  names.forEach((name, row) => {
    const known = stamps !== null && stamps.sizes[row] !== 0;
    lines.push(JSON.stringify(known ? [name, stamps.sizes[row], stamps.times[row], stamps.sums[row]] : [name]));
  });
  await writeAtomically(path, [gzipSync(`${lines.join("\n")}\n`, { level: 1 })], files);
}

/** Undefined where there is none, as in runs of before. Throws RunDirectoryError where it is damaged, StorageError. */
export function readSourceFile(path: string): SourceRecord | undefined {
  const packed = readBytesIfThere(path, MOST_BYTES);
  if (packed === undefined) return undefined;
  try {
    const lines = gunzipSync(packed, { maxOutputLength: MOST_BYTES }).toString("utf8").split("\n");
    const { kind, count, containers } = headerSchema.parse(JSON.parse(lines[0]!));
    if (lines.length !== count + 2 || lines.at(-1) !== "") throw new Error(`${lines.length - 2} of ${count} images`);
    const stamps = allocateStamps(count);
    const names = lines.slice(1, -1).map((line, row) => {
      const [name, size = 0, time = 0, sum = 0] = imageSchema.parse(JSON.parse(line));
      [stamps.sizes[row], stamps.times[row], stamps.sums[row]] = [size, time, sum];
      return name;
    });
    return { kind, containers, names, stamps: kind === "idx" ? null : stamps };
  } catch (error) {
    throw new RunDirectoryError(
      `${path} should hold the images that the run began with; it is damaged (${describe(error)}). To continue without ` +
        "comparing, delete it",
    );
  }
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return "a line of another form";
  return error instanceof Error ? error.message : String(error);
}
