// The typed arrays that hold the elements of each dtype.
import type { DType } from "../graph/index.js";

/** The array that holds each dtype. */
export interface DTypeArrays {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** What the elements of a tensor are held in, by its dtype. */
export type TypedArray = DTypeArrays[DType];

const CONSTRUCTORS: { readonly [D in DType]: new (length: number) => DTypeArrays[D] } = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** An array of zeros with room for `length` elements of a dtype; bool is held as bytes. */
export function allocate<D extends DType>(dtype: D, length: number): DTypeArrays[D] {
  return new CONSTRUCTORS[dtype](length);
}

export function holds(array: TypedArray, dtype: DType): boolean {
  return array instanceof CONSTRUCTORS[dtype];
}
