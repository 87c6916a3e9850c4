// What of an unfinished embedding is intact: batch by batch, its rows and lines are held against the record of each batch.

import { z } from "zod";
import type { PartialFile } from "../files/growing-file.js";
import { encodeNpyHeader } from "../formats/npy.js";
import { GrowingChecksums } from "./feature-checksums.js";
import type { FeatureOrigin } from "./feature-description.js";
import { LONGEST_LINE, parseLine } from "./feature-lines.js";

export interface UnfinishedFiles {
  readonly npy: PartialFile;
  readonly jsonl: PartialFile;
  /** A line a batch: how many images and rows there are at its end, and a checksum of all up to there. */
  readonly batches: PartialFile;
}

/** The batches up to the first that is not intact. */
export interface IntactBatches {
  readonly checksums: GrowingChecksums;
  /** Bytes of their records. */
  readonly recordBytes: number;
  /** Images of theirs that could not be read. */
  readonly missing: readonly number[];
  /** Whether a batch was damaged. What a kill leaves of the last one has no record and does not count. */
  readonly damaged: boolean;
}

/** Bytes; three numbers need fewer. */
const LONGEST_RECORD = 256;
const BYTES_AT_ONCE = 1 << 20;
const LINE_BREAK = Buffer.from("\n");

/** Throws StorageError. */
export async function intactBatches(files: UnfinishedFiles, origin: FeatureOrigin): Promise<IntactBatches> {
  const lines = files.jsonl.lines(LONGEST_LINE);
  const missing: number[] = [];
  let checksums = GrowingChecksums.of(origin);
  let recordBytes = 0;
  for await (const text of files.batches.lines(LONGEST_RECORD)) {
    const record = parseRecord(text, checksums, origin);
    const following = checksums.copy();
    const indices =
      record !== undefined &&
      (await addRows(following, record.rows, files.npy, origin)) &&
      (await addLines(following, record, checksums, lines, origin));
    if (!indices || following.endBatch(record.images) !== text.toString("latin1")) {
      return { checksums, recordBytes, missing, damaged: true };
    }
    for (let index = checksums.images; index < record.images; index++) if (!indices.has(index)) missing.push(index);
    checksums = following;
    recordBytes += text.length + 1;
  }
  return { checksums, recordBytes, missing, damaged: false };
}

const recordSchema = z.object({ images: z.int(), rows: z.int() });

type BatchRecord = z.infer<typeof recordSchema>;

/** Undefined for anything but the record of a batch that could come next. */
function parseRecord(text: Buffer, before: GrowingChecksums, { images }: FeatureOrigin): BatchRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.toString("latin1"));
  } catch {
    return undefined;
  }
  const { data: record } = recordSchema.safeParse(value);
  if (record === undefined) return undefined;
  const [read, embedded] = [record.images - before.images, record.rows - before.rows];
  return read > 0 && embedded >= 0 && embedded <= read && record.images <= images ? record : undefined;
}

/** Adds the rows up to so many; says whether they were there. */
async function addRows(checksums: GrowingChecksums, rows: number, npy: PartialFile, { width }: FeatureOrigin) {
  const rowBytes = 4 * width;
  const header = encodeNpyHeader([0, width]).length;
  const buffer = Buffer.alloc(Math.min(BYTES_AT_ONCE, (rows - checksums.rows) * rowBytes));
  for (let at = checksums.rows * rowBytes; at < rows * rowBytes; ) {
    const piece = buffer.subarray(0, rows * rowBytes - at);
    if ((await npy.readAt(piece, header + at)) < piece.length) return false;
    checksums.addRows(piece);
    at += piece.length;
  }
  return true;
}

/** Adds the lines of a batch; returns their images, or undefined where a line is missing or is not of the batch. */
async function addLines(
  checksums: GrowingChecksums,
  { images, rows }: BatchRecord,
  before: GrowingChecksums,
  lines: AsyncGenerator<Buffer>,
  origin: FeatureOrigin,
): Promise<ReadonlySet<number> | undefined> {
  const indices = new Set<number>();
  let last = before.images - 1;
  for (let row = before.rows; row < rows; row++) {
    const { value: text, done } = await lines.next();
    if (done) return undefined;
    const line = parseLine(text, last, origin);
    if (typeof line === "string" || line.index >= images) return undefined;
    checksums.addLines(text);
    checksums.addLines(LINE_BREAK);
    indices.add(line.index);
    last = line.index;
  }
  return indices;
}
