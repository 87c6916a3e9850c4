// One checkpoint in one safetensors file, with a checksum over every byte of it.

import { stat } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { writeAtomically } from "../files/atomic-write.js";
import { diskFiles, type FileSystem, readFully, storageError, withDescriptor } from "../files/storage.js";
import { FormatError } from "../formats/errors.js";
import {
  decodeSafetensorsHeader,
  encodeSafetensors,
  type SafetensorsEntry,
  type SafetensorsSpan,
  safetensorsArray,
  safetensorsDataStart,
} from "../formats/safetensors.js";
import { CheckpointError, UnsuitableCheckpointError } from "./errors.js";

export interface CheckpointContents {
  /** Steps done when it was written. */
  readonly step: number;
  readonly tensors: Iterable<SafetensorsEntry>;
  /** Counters and configuration; the names `format`, `formatVersion`, `step` and `checksum` are taken. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A checkpoint as it was read: its file, its step, and what it holds. */
export interface Checkpoint {
  readonly path: string;
  readonly step: number;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

const FORMAT = "mixedae-checkpoint";
const VERSION = "1";
/** Stands where the checksum will be, while the checksum is computed. */
const NO_CHECKSUM = "crc32:00000000";
const checksumField = /"checksum":"(crc32:[0-9a-f]{8})"/;

/** Writes atomically; tensor data is read in place, not copied. Throws StorageError, and FormatError for bad tensors. */
export async function writeCheckpoint(
  path: string,
  { step, tensors, metadata }: CheckpointContents,
  files: FileSystem = diskFiles,
): Promise<void> {
  const entries = [...tensors];
  const known = { format: FORMAT, formatVersion: VERSION, step: String(step) };
  const draft = encodeSafetensors(entries, { ...metadata, ...known, checksum: NO_CHECKSUM });
  const sum = [draft.header, ...draft.parts].reduce(addToSum, 0);
  const { header, parts } = encodeSafetensors(entries, { ...metadata, ...known, checksum: checksumText(sum) });
  await writeAtomically(path, [header, ...parts], files);
}

/**
 * Reads and verifies a checkpoint, each tensor into an array of its own, so that none needs the whole file at once.
 * Throws CheckpointError with the reason when the file is cut short, changed or not ours; StorageError when it cannot
 * be read.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const { size } = await stat(path);
    return await withDescriptor(path, (descriptor) => readVerified(path, descriptor, size));
  } catch (error) {
    if (error instanceof FormatError) throw new CheckpointError(path, error.problem);
    throw storageError(error, "read", path);
  }
}

async function readVerified(path: string, descriptor: number, size: number): Promise<Checkpoint> {
  const refuse = (reason: string) => new CheckpointError(path, reason);
  const start = new Uint8Array(Math.min(8, size));
  await readFully(descriptor, start, 0);
  if (await isTorchFile(descriptor, start)) throw foreign(path, "a PyTorch file");
  const header = new Uint8Array(safetensorsDataStart(start, size));
  await readFully(descriptor, header, 0);
  const { metadata, spans } = decodeSafetensorsHeader(header, size);
  if (metadata.format !== FORMAT) throw foreign(path, "a safetensors file");
  if (metadata.formatVersion !== VERSION) {
    throw refuse(`it has format version ${metadata.formatVersion}; this version of mixedae reads ${VERSION}`);
  }
  const expected = metadata.checksum ?? "";
  let sum = addToSum(0, withoutChecksum(header, refuse));
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, span] of spans) {
    const bytes = await readSpan(descriptor, span, refuse);
    sum = addToSum(sum, bytes);
    const data = safetensorsArray(span.dtype, bytes);
    tensors.set(name, { name, dtype: span.dtype, shape: span.shape, data } as SafetensorsEntry);
  }
  if (checksumText(sum) !== expected) {
    throw refuse(`its content has changed since it was written (checksum ${checksumText(sum)}, expected ${expected})`);
  }
  return { path, step: Number(metadata.step), tensors, metadata };
}

/** The weights of another library, which can be had another way. */
function foreign(path: string, kind: string): CheckpointError {
  const remedy = `To make one of it: mixedae import ${path} --out NEW.safetensors`;
  return new UnsuitableCheckpointError(path, `it is ${kind}, but not a checkpoint of mixedae. ${remedy}`);
}

/** A zip archive or a pickle. The length of a safetensors header may begin like them, but then comes its JSON. */
async function isTorchFile(descriptor: number, start: Uint8Array): Promise<boolean> {
  const next = new Uint8Array(1);
  await readFully(descriptor, next, 8);
  const [first, second] = start;
  return ((first === 0x50 && second === 0x4b) || first === 0x80) && next[0] !== 0x7b;
}

async function readSpan(descriptor: number, span: SafetensorsSpan, refuse: (reason: string) => Error) {
  const bytes = new Uint8Array(span.end - span.begin);
  if ((await readFully(descriptor, bytes, span.begin)) < bytes.length)
    throw refuse("it was cut short while it was read");
  return bytes;
}

/** The header as it was when the checksum was computed: the checksum covers every byte but its own. */
function withoutChecksum(header: Uint8Array, refuse: (reason: string) => Error): Uint8Array {
  // Latin-1 keeps one character a byte, so that the match's index is an index of bytes. Inside a string of the
  // metadata the quotes would be escaped: the pattern can only match the field itself.
  const match = checksumField.exec(Buffer.from(header).toString("latin1"));
  if (match === null) throw refuse("it has no checksum");
  const copy = Buffer.from(header);
  copy.write(NO_CHECKSUM, match.index + '"checksum":"'.length, "latin1");
  return copy;
}

/** In pieces, for zlib counts the bytes of one call in 32 bits. */
function addToSum(sum: number, bytes: Uint8Array): number {
  const piece = 256 << 20;
  let result = sum;
  for (let start = 0; start < bytes.length; start += piece)
    result = crc32(bytes.subarray(start, start + piece), result);
  return result;
}

function checksumText(sum: number): string {
  return `crc32:${sum.toString(16).padStart(8, "0")}`;
}
