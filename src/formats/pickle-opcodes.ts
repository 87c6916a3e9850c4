// The bytes of a pickle: arguments of opcodes, read within bounds, and the names of opcodes for messages.

import { FormatError } from "./errors.js";

/** Reads what follows an opcode; all of it is little-endian unless said otherwise. */
export class ByteReader {
  position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  byte(): number {
    const value = this.bytes[this.position];
    if (value === undefined) return refuse("it ends before its STOP");
    this.position++;
    return value;
  }

  take(length: number): Uint8Array {
    const left = this.bytes.length - this.position;
    if (length > left) refuse(`${length} bytes are announced at byte ${this.position}, but ${left} are left`);
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  view(length: number): DataView {
    const bytes = this.take(length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  length64(): number {
    const value = this.view(8).getBigUint64(0, true);
    if (value > BigInt(this.bytes.length)) refuse(`${value} bytes are announced, more than there are`);
    return Number(value);
  }

  text(length: number): string {
    try {
      return decoder.decode(this.take(length));
    } catch (error) {
      if (error instanceof FormatError) throw error;
      return refuse(`the text before byte ${this.position} is not UTF-8`);
    }
  }

  latin1(length: number): string {
    return Buffer.from(this.take(length)).toString("latin1");
  }

  /** Text up to a line feed, as globals have for module and name. */
  line(): string {
    const end = this.bytes.subarray(this.position, this.position + LONGEST_LINE).indexOf(0x0a);
    if (end === -1) refuse(`no name ends within ${LONGEST_LINE} bytes of byte ${this.position}`);
    const text = this.text(end);
    this.position++;
    return text;
  }

  /** A whole number of any length in two's complement; a number where it is exact. */
  long(length: number): number | bigint {
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    if (length > 0 && bytes[length - 1]! >= 0x80) value -= 1n << BigInt(8 * length);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

const LONGEST_LINE = 512;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Names of opcodes that are refused; others are shown by their number. */
const names: Readonly<Record<number, string>> = {
  73: "INT",
  76: "LONG",
  70: "FLOAT",
  83: "STRING",
  86: "UNICODE",
  80: "PERSID",
  105: "INST",
  111: "OBJ",
  103: "GET",
  112: "PUT",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  139: "LONG4",
  143: "EMPTY_SET",
  144: "ADDITEMS",
  145: "FROZENSET",
  146: "NEWOBJ_EX",
  66: "BINBYTES",
  67: "SHORT_BINBYTES",
  142: "BINBYTES8",
  150: "BYTEARRAY8",
  151: "NEXT_BUFFER",
  152: "READONLY_BUFFER",
};

export function opcodeName(opcode: number): string {
  const number = `0x${opcode.toString(16).padStart(2, "0")}`;
  return names[opcode] === undefined ? number : `${names[opcode]} (${number})`;
}

function refuse(problem: string): never {
  throw new FormatError("pickle", problem);
}
