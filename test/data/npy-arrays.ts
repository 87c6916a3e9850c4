// Makes .npy files of the types that images may have.

import { writeNpy } from "#src/formats/npy.js";

const types = { float32: "<f4", uint8: "|u1", uint16: "<u2" } as const;

/** A file of version 1.0, as numpy.save writes it. */
export function npyFile(type: keyof typeof types, shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  if (type === "float32") return writeNpy({ shape, data: Float32Array.from(values) });
  const data = type === "uint8" ? Uint8Array.from(values) : Uint16Array.from(values);
  const sizes = `${shape.join(", ")}${shape.length === 1 ? "," : ""}`;
  const dict = `{'descr': '${types[type]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const text = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, text.length & 255, text.length >> 8]);
  return Buffer.concat([start, Buffer.from(text), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
