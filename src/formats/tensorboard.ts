// TensorBoard's event files: protocol buffers of scalars, each in a frame with masked CRC-32C checksums.

/** Metrics of one step, or what begins a file. */
export type TensorBoardEvent = { readonly wallSeconds: number; readonly step: number } & (
  | { readonly kind: "scalars"; readonly scalars: readonly (readonly [tag: string, value: number])[] }
  /** The first event of a file. */
  | { readonly kind: "version" }
  /** From here on, steps from `step` on that stand in earlier files of the folder do not count. */
  | { readonly kind: "start" }
);

// Numbers of fields, as tensorflow/core/util/event.proto and framework/summary.proto have them.
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const summaryValue = 1;
const value = { tag: 1, simpleValue: 2 } as const;
const sessionStatus = 1;
const SESSION_START = 1;

/** One event as it stands in a file: its length, the checksum of that, the event, its checksum. */
export function encodeTensorBoardEvent(given: TensorBoardEvent): Buffer {
  const data = Buffer.concat([
    fixed64(event.wallTime, given.wallSeconds),
    varintField(event.step, given.step),
    contentOf(given),
  ]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

function contentOf(given: TensorBoardEvent): Buffer {
  if (given.kind === "version") return bytesField(event.fileVersion, Buffer.from("brain.Event:2"));
  if (given.kind === "start") return bytesField(event.sessionLog, varintField(sessionStatus, SESSION_START));
  const values = given.scalars.map(([tag, scalar]) =>
    bytesField(
      summaryValue,
      Buffer.concat([bytesField(value.tag, Buffer.from(tag)), fixed32(value.simpleValue, scalar)]),
    ),
  );
  return bytesField(event.summary, Buffer.concat(values));
}

/** How a field's value is written [Protocol Buffers, encoding]. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function key(field: number, type: number): Buffer {
  return varint(field * 8 + type);
}

function varintField(field: number, number: number): Buffer {
  return Buffer.concat([key(field, wire.varint), varint(number)]);
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([key(field, wire.bytes), varint(bytes.length), bytes]);
}

function fixed64(field: number, number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(number);
  return Buffer.concat([key(field, wire.fixed64), bytes]);
}

function fixed32(field: number, number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(number);
  return Buffer.concat([key(field, wire.fixed32), bytes]);
}

/** Seven bits a byte, the lowest first; of whole numbers from 0 to 2^53. */
function varint(number: number): Buffer {
  const bytes: number[] = [];
  let rest = number;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** TensorFlow's mask: rotated right by 15 bits, and a constant added [tensorflow/core/lib/hash/crc32c.h]. */
function maskedChecksum(bytes: Uint8Array): Buffer {
  const sum = crc32c(bytes);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** Castagnoli's polynomial, its bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  return remainder;
});

function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
