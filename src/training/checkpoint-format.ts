// What a checkpoint is in bytes: safetensors with a checksum over every byte, wherever the bytes are.

import { FormatError } from "../formats/errors.js";
import {
  decodeSafetensorsHeader,
  encodeSafetensors,
  type SafetensorsEntry,
  type SafetensorsLayout,
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

/** Where the bytes of a checkpoint are. */
export interface CheckpointBytes {
  readonly size: number;
  /** Fills an array from `start` on; says how many bytes there were. */
  read(into: Uint8Array, start: number): Promise<number>;
}

/** Goes on with the CRC-32 of zlib over further bytes. */
export type Crc32 = (bytes: Uint8Array, sum: number) => number;

const FORMAT = "mixedae-checkpoint";
const VERSION = "1";
/** Stands where the checksum will be, while the checksum is computed. */
const NO_CHECKSUM = "crc32:00000000";
const checksumField = /"checksum":"(crc32:[0-9a-f]{8})"/;

/** Tensor data is read in place, not copied. Throws FormatError for bad tensors. */
export function encodeCheckpoint({ step, tensors, metadata }: CheckpointContents, crc32: Crc32): SafetensorsLayout {
  const entries = [...tensors];
  const known = { format: FORMAT, formatVersion: VERSION, step: String(step) };
  const draft = encodeSafetensors(entries, { ...metadata, ...known, checksum: NO_CHECKSUM });
  const sum = [draft.header, ...draft.parts].reduce((before, bytes) => crc32(bytes, before), 0);
  return encodeSafetensors(entries, { ...metadata, ...known, checksum: checksumText(sum) });
}

/**
 * Reads and verifies a checkpoint, each tensor into an array of its own, so that none needs the whole file at once; `path`
 * is what messages call it. Throws CheckpointError with the reason when it is cut short, changed or not ours.
 */
export async function decodeCheckpoint(path: string, bytes: CheckpointBytes, crc32: Crc32): Promise<Checkpoint> {
  try {
    return await decodeVerified(path, bytes, crc32);
  } catch (error) {
    if (error instanceof FormatError) throw new CheckpointError(path, error.problem);
    throw error;
  }
}

async function decodeVerified(path: string, bytes: CheckpointBytes, crc32: Crc32): Promise<Checkpoint> {
  const { size } = bytes;
  const refuse = (reason: string) => new CheckpointError(path, reason);
  const start = new Uint8Array(Math.min(8, size));
  await bytes.read(start, 0);
  if (await isTorchFile(bytes, start)) throw foreign(path, "a PyTorch file");
  const header = new Uint8Array(safetensorsDataStart(start, size));
  await bytes.read(header, 0);
  const { metadata, spans } = decodeSafetensorsHeader(header, size);
  if (metadata.format !== FORMAT) throw foreign(path, "a safetensors file");
  if (metadata.formatVersion !== VERSION) {
    throw refuse(`it has format version ${metadata.formatVersion}; this version of mixedae reads ${VERSION}`);
  }
  const expected = metadata.checksum ?? "";
  let sum = crc32(withoutChecksum(header, refuse), 0);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, span] of spans) {
    const values = await readSpan(bytes, span, refuse);
    sum = crc32(values, sum);
    const data = safetensorsArray(span.dtype, values);
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
async function isTorchFile(bytes: CheckpointBytes, start: Uint8Array): Promise<boolean> {
  const next = new Uint8Array(1);
  await bytes.read(next, 8);
  const [first, second] = start;
  return ((first === 0x50 && second === 0x4b) || first === 0x80) && next[0] !== 0x7b;
}

async function readSpan(bytes: CheckpointBytes, span: SafetensorsSpan, refuse: (reason: string) => Error) {
  const values = new Uint8Array(span.end - span.begin);
  if ((await bytes.read(values, span.begin)) < values.length) throw refuse("it was cut short while it was read");
  return values;
}

/** The header as it was when the checksum was computed: the checksum covers every byte but its own. */
function withoutChecksum(header: Uint8Array, refuse: (reason: string) => Error): Uint8Array {
  // One character a byte, so that the match's index is an index of bytes. Inside a string of the metadata the quotes would
  // be escaped: the pattern can only match the field itself.
  const match = checksumField.exec(new TextDecoder("latin1").decode(header));
  if (match === null) throw refuse("it has no checksum");
  const copy = header.slice();
  copy.set(new TextEncoder().encode(NO_CHECKSUM), match.index + '"checksum":"'.length);
  return copy;
}

function checksumText(sum: number): string {
  return `crc32:${sum.toString(16).padStart(8, "0")}`;
}
