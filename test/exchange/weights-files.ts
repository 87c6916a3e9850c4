// The files that make_weights.py writes with PyTorch, and the tensors that they stand for.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "#src/formats/safetensors.js";
import { python } from "./python.js";

/** The shape of all models in these files. */
export const shape = { imageSize: 16, patchSize: 4, width: 24, depth: 2, heads: 3, mlpRatio: 4 } as const;
export const decoderShape = { decoderWidth: 16, decoderDepth: 1, decoderHeads: 2 } as const;

export interface WeightsFiles {
  readonly folder: string;
  path(name: string): string;
  /** The values of one expected tensor, such as "mae/cls_token". */
  expected(name: string): Float32Array;
  /** Names and values of all tensors of one model, such as "teacher". */
  model(name: string): ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

export function makeWeightsFiles(): WeightsFiles {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-weights-"));
  python("test/exchange/make_weights.py", folder);
  const { tensors } = readSafetensors(new Uint8Array(readFileSync(join(folder, "expected.safetensors"))));
  return {
    folder,
    path: (name) => join(folder, name),
    expected: (name) => tensors.get(name)!.data as Float32Array,
    model: (name) =>
      new Map(
        [...tensors]
          .filter(([key]) => key.startsWith(`${name}/`))
          .map(([key, { shape, data }]) => [key.slice(name.length + 1), { shape, data: data as Float32Array }]),
      ),
  };
}

/** Whether two tensors hold the same bytes. */
export function sameBytes(a: Float32Array, b: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}
