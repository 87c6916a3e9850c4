// The storages of PyTorch: their element types, and tensors as strided views on them.

import { bfloat16ToFloat32, halfToFloat32 } from "./half.js";
import { PickleForeign } from "./pickle-values.js";

export interface TorchType {
  readonly name: string;
  readonly bytes: number;
  /** The values as float32; undefined for whole numbers and booleans, which are no weights. */
  readonly toFloat32: ((bytes: Uint8Array) => Float32Array) | undefined;
}

const whole = (name: string, bytes: number): TorchType => ({ name, bytes, toFloat32: undefined });

/** By the name of the storage's class in module `torch`. */
export const torchTypes: ReadonlyMap<string, TorchType> = new Map([
  ["FloatStorage", { name: "float32", bytes: 4, toFloat32: (bytes) => view(bytes, Float32Array) }],
  ["DoubleStorage", { name: "float64", bytes: 8, toFloat32: (bytes) => Float32Array.from(view(bytes, Float64Array)) }],
  ["HalfStorage", { name: "float16", bytes: 2, toFloat32: (bytes) => halfToFloat32(view(bytes, Uint16Array)) }],
  [
    "BFloat16Storage",
    { name: "bfloat16", bytes: 2, toFloat32: (bytes) => bfloat16ToFloat32(view(bytes, Uint16Array)) },
  ],
  ["LongStorage", whole("int64", 8)],
  ["IntStorage", whole("int32", 4)],
  ["ShortStorage", whole("int16", 2)],
  ["CharStorage", whole("int8", 1)],
  ["ByteStorage", whole("uint8", 1)],
  ["BoolStorage", whole("bool", 1)],
]);

/** A view on the bytes where they are aligned, else a copy. */
function view<T>(
  bytes: Uint8Array,
  Type: { new (buffer: ArrayBufferLike, offset: number, length: number): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const size = Type.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, length } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new Type(buffer, byteOffset, length / size);
}

/** Numbers in a file of their own, shared by the tensors that are views on them. */
export class TorchStorage extends PickleForeign {
  constructor(
    readonly type: TorchType,
    readonly key: string,
    /** Elements, not bytes. */
    readonly length: number,
  ) {
    super();
  }
}

/** A view on a storage: element [i, j, ...] is at `offset + i * strides[0] + j * strides[1] + ...`, always inside. */
export class TorchTensor extends PickleForeign {
  constructor(
    readonly storage: TorchStorage,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
  ) {
    super();
  }

  get dtype(): string {
    return this.storage.type.name;
  }

  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  get isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== expected) return false;
      expected *= this.shape[axis]!;
    }
    return true;
  }
}
