// The element types of tensors, and everything that follows from one.

const table = {
  float32: { bytes: 4, array: Float32Array, onnx: 1, safetensors: "F32" },
  float64: { bytes: 8, array: Float64Array, onnx: 11, safetensors: "F64" },
  int32: { bytes: 4, array: Int32Array, onnx: 6, safetensors: "I32", range: [-(2 ** 31), 2 ** 31 - 1] },
  // Those that a JavaScript number holds exactly.
  int64: {
    bytes: 8,
    array: BigInt64Array,
    onnx: 7,
    safetensors: "I64",
    range: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  },
  uint8: { bytes: 1, array: Uint8Array, onnx: 2, safetensors: "U8", range: [0, 255] },
  bool: { bytes: 1, array: Uint8Array, onnx: 9, safetensors: "BOOL", range: [0, 1] },
} as const;

/** The type of a tensor's elements. */
export type DType = keyof typeof table;

/** The typed array that holds elements of a dtype; a bool is a byte, 0 or 1. */
export interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
/** An array that holds the elements of a tensor. */
export type TypedArray = ArrayOf[DType];

interface DTypeEntry {
  readonly bytes: number;
  readonly array: new (length: number) => TypedArray;
  /** Its number in ONNX's `TensorProto.DataType`. */
  readonly onnx: number;
  /** Its name in safetensors files. */
  readonly safetensors: string;
  /** The least and the largest whole number that may be written as a constant. */
  readonly range?: readonly [number, number];
}

/** The one table of dtypes. */
export const dtypes: { readonly [D in DType]: DTypeEntry & (typeof table)[D] } = table;

/** Zeros. */
export function allocate<D extends DType>(dtype: D, length: number): ArrayOf[D] {
  return new dtypes[dtype].array(length) as ArrayOf[D];
}

/** Whether an array holds elements of a dtype. */
export function holds(array: unknown, dtype: DType): array is TypedArray {
  return array instanceof dtypes[dtype].array;
}

/** Numbers as elements of a dtype, which must hold them. */
export function elementsOf<D extends DType>(values: ArrayLike<number>, dtype: D): ArrayOf[D] {
  const array = allocate(dtype, values.length);
  for (let index = 0; index < values.length; index++) {
    array[index] = array instanceof BigInt64Array ? BigInt(values[index]!) : values[index]!;
  }
  return array;
}
