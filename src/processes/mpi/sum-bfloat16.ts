// Adding up float32 values that travel as bfloat16: half the bytes, for networks that are slower than the computation.

import type { MpiLibrary } from "./library.js";

/**
 * Each process adds up one part of the values, in float32, of what the others send it as bfloat16, and sends all of them
 * the sum, as bfloat16 again: all processes end with the same values.
 */
export function sumAsBfloat16(mpi: MpiLibrary, size: number, values: Float32Array): void {
  const { world, byte } = mpi.handles;
  const part = Math.ceil(values.length / size);
  const sent = new Uint16Array(new ArrayBuffer(2 * part * size));
  const received = new Uint16Array(new ArrayBuffer(2 * part * size));
  roundToBfloat16(values, sent);
  mpi.alltoall(sent, 2 * part, byte, received, 2 * part, byte, world);
  const sums = new Float32Array(part);
  const each = new Float32Array(part);
  for (let rank = 0; rank < size; rank++) {
    fromBfloat16(received.subarray(rank * part, (rank + 1) * part), each);
    for (let place = 0; place < part; place++) sums[place]! += each[place]!;
  }
  const own = new Uint16Array(new ArrayBuffer(2 * part));
  roundToBfloat16(sums, own);
  mpi.allgather(own, 2 * part, byte, sent, 2 * part, byte, world);
  fromBfloat16(sent.subarray(0, values.length), values);
}

/** The upper 16 bits of each value, rounded to the nearest, of two as near to the even one; what is no number stays so. */
export function roundToBfloat16(values: Float32Array, into: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let place = 0; place < bits.length; place++) {
    const value = bits[place]!;
    const isNoNumber = (value & 0x7fffffff) > 0x7f800000;
    into[place] = isNoNumber ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
}

/** bfloat16 values as float32, which has all of them. */
export function fromBfloat16(values: Uint16Array, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, values.length);
  for (let place = 0; place < values.length; place++) bits[place] = values[place]! << 16;
}
