// Where each tensor of a model lies in one flat buffer.
import { type Shape, sizeOf } from "../graph/index.js";
import { EngineError } from "./errors.js";

/** Where a tensor lies in a flat buffer; offsets and sizes count elements. */
export interface FlatEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/** A run of whole chunks whose tensors are treated alike by the optimizer. */
export interface FlatGroup<Key> {
  readonly key: Key;
  readonly firstChunk: number;
  readonly chunks: number;
}

/** Tensors start at multiples of 64 bytes, which vector instructions like. */
const ALIGNMENT = 16;

/**
 * Places tensors one behind the other, those of one group together. Each group fills whole chunks, so that a program
 * over one chunk, run for each of them, covers the buffer; what pads it stays zero.
 */
export class FlatLayout<Key> {
  readonly entries: readonly FlatEntry[];
  readonly groups: readonly FlatGroup<Key>[];
  /** The number of values in a buffer of this layout, padding included. */
  readonly length: number;

  constructor(
    tensors: readonly { readonly name: string; readonly shape: Shape; readonly group: Key }[],
    readonly chunk: number,
  ) {
    if (!Number.isInteger(chunk) || chunk < 1 || chunk % ALIGNMENT !== 0) {
      throw new EngineError(`a chunk must be a positive multiple of ${ALIGNMENT} values, found ${chunk}`);
    }
    const entries = new Map<string, FlatEntry>();
    const groups: FlatGroup<Key>[] = [];
    let offset = 0;
    for (const key of new Set(tensors.map(({ group }) => group))) {
      const firstChunk = offset / chunk;
      for (const { name, shape } of tensors.filter(({ group }) => group === key)) {
        if (entries.has(name)) throw new EngineError(`two tensors share the name "${name}"`);
        entries.set(name, { name, shape, offset, size: sizeOf(shape) });
        offset = roundUp(offset + sizeOf(shape), ALIGNMENT);
      }
      offset = roundUp(offset, chunk);
      groups.push({ key, firstChunk, chunks: offset / chunk - firstChunk });
    }
    this.entries = tensors.map(({ name }) => entries.get(name)!);
    this.groups = groups;
    this.length = offset;
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
