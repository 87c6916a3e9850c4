// The typed arrays that hold the elements of each dtype.
import type { DType } from "../graph/index.js";

export interface DTypeArrays {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type TypedArray = DTypeArrays[DType];

const CONSTRUCTORS: { readonly [D in DType]: new (length: number) => DTypeArrays[D] } = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export function allocate<D extends DType>(dtype: D, length: number): DTypeArrays[D] {
  return new CONSTRUCTORS[dtype](length);
}

export function holds(array: TypedArray, dtype: DType): boolean {
  return array instanceof CONSTRUCTORS[dtype];
}
