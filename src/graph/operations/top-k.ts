// The largest values along the last axis, with their places.
import { ProgramError } from "../errors.js";
import { apply, type Operation, type Tensor } from "../tensor.js";

interface TopKAttributes {
  readonly k: number;
}

const topKOperation: Operation<TopKAttributes> = {
  name: "topK",
  type: ([x], { k }) => {
    const size = x!.shape.at(-1) ?? 0;
    if (!Number.isInteger(k) || k < 1 || k > size) throw new ProgramError(`k must be in [1, ${size}], found ${k}`);
    const shape = [...x!.shape.slice(0, -1), k];
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int64" },
    ];
  },
  gradient: ({ inputs, outputs }, [g]) => {
    const x = inputs[0]!;
    const flat = x.size / x.shape.at(-1)!;
    const rows = g?.reshape([flat, -1]);
    return [rows && scatterRows(rows, outputs[1]!.reshape([flat, -1]), x.shape.at(-1)!).reshape(x.shape)];
  },
  lower: (lowering, { attributes: { k } }, [x]) =>
    lowering.emitAll("TopK", [x!, lowering.integers([k])], { outputs: 2, attributes: { axis: -1, sorted: 0 } }),
};

/** values [rows, k] put at columns index [rows, k] of zeros [rows, size]: each row reads one-hot columns. */
function scatterRows(values: Tensor, index: Tensor, size: number): Tensor {
  const [rows, k] = values.shape as [number, number];
  const hot = index.oneHot(size, values.dtype);
  return values.reshape([rows, 1, k]).matmul(hot).reshape([rows, size]);
}

/** The k largest values of the last axis, in no particular order, and their places (int64): both [..., k]. */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  const [values, indices] = apply(topKOperation, [x], { k });
  return { values: values!, indices: indices! };
}
