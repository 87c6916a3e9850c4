// The largest values along the last axis, with their places.
import { ProgramError } from "../errors.js";
import { apply, type Operation, type Tensor } from "../tensor.js";
import { NUMBERS, requireDtype } from "./elementwise.js";
import { scatterAlong } from "./gather.js";

interface TopKAttributes {
  readonly k: number;
}

const topKOperation: Operation<TopKAttributes> = {
  name: "topK",
  type: ([x], { k }) => {
    requireDtype(x!, NUMBERS);
    const size = x!.shape.at(-1) ?? 0;
    if (!Number.isInteger(k) || k < 1 || k > size) throw new ProgramError(`k must be in [1, ${size}], found ${k}`);
    const shape = [...x!.shape.slice(0, -1), k];
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int64" },
    ];
  },
  gradient: ({ inputs, outputs }, [g]) => [g && scatterAlong(g, outputs[1]!, -1, inputs[0]!.shape.at(-1)!)],
  lower: (lowering, { attributes: { k } }, [x]) =>
    lowering.emitAll("TopK", [x!, lowering.integers([k])], { outputs: 2, attributes: { axis: -1, sorted: 0 } }),
};

/** The k largest values of the last axis, in no particular order, and their places (int64): both [..., k]. */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  const [values, indices] = apply(topKOperation, [x], { k });
  return { values: values!, indices: indices! };
}
