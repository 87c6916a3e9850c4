// Arrays of an engine that computes in main memory: one contiguous buffer, taken chunk by chunk.
import type { ArrayPart, DeviceArray, DeviceArrays, TensorPlace } from "./engine.js";
import { EngineError } from "./errors.js";
import { FlatLayout } from "./flat-layout.js";

/** Values in one chunk: the few passes of an optimizer over a chunk then stay in the processor's cache. */
const CHUNK = 1 << 16;

export class HostArray implements DeviceArray {
  constructor(readonly memory: Float32Array) {}

  get length(): number {
    return this.memory.length;
  }

  async read(): Promise<Float32Array> {
    return this.memory;
  }

  async write(values: Float32Array): Promise<void> {
    if (values.length !== this.length) {
      throw new EngineError(`an array of ${this.length} values was given ${values.length}`);
    }
    this.memory.set(values);
  }
}

export class HostArrays<Group> implements DeviceArrays<Group> {
  readonly byName: Readonly<Record<string, HostArray>>;
  readonly parts: readonly ArrayPart<Group>[];
  readonly memory: Float32Array;
  readonly spare: Float32Array | null;

  /** Throws EngineError where the values are more than memory, or one array, can hold. */
  constructor(
    readonly tensors: readonly TensorPlace<Group>[],
    spare = 0,
  ) {
    const layout = new FlatLayout(tensors, CHUNK);
    const memory = zeros(layout.length + spare);
    this.memory = memory;
    this.spare = spare > 0 ? memory.subarray(layout.length) : null;
    this.byName = Object.fromEntries(
      layout.entries.map(({ name, offset, size }) => [name, new HostArray(memory.subarray(offset, offset + size))]),
    );
    this.parts = layout.groups.flatMap(({ key: group, firstChunk, chunks }) =>
      Array.from({ length: chunks }, (_, index) => {
        const start = (firstChunk + index) * CHUNK;
        return { group, array: new HostArray(memory.subarray(start, start + CHUNK)) };
      }),
    );
  }

  async copyFrom({ memory }: DeviceArrays<Group>): Promise<void> {
    if (memory?.length !== this.memory.length) throw new EngineError("expected arrays of the same tensors");
    this.memory.set(memory);
  }

  dispose(): void {
    // The memory is collected once nothing refers to it.
  }
}

/** The bytes that arrays of these tensors take in main memory. */
export function hostBytes<Group>(tensors: readonly TensorPlace<Group>[]): number {
  return new FlatLayout(tensors, CHUNK).length * Float32Array.BYTES_PER_ELEMENT;
}

function zeros(length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError(
      `expected a model whose values fit into one array in memory; found ${length} values, ${4 * length} bytes. ` +
        "Choose a smaller model",
    );
  }
}
