// An order of execution: a value that is made available only when another one has been computed.
import type { Lowering } from "../lowering.js";
import { type Shape, sameShape } from "../shape.js";
import { applyOne, type Operation, type Tensor } from "../tensor.js";

/*
 * A reshape to the shape that x has anyway, which is read off the other value: no element is moved, and the engine
 * cannot run what follows before the other value is there.
 */
const afterOperation: Operation<null> = {
  name: "after",
  type: ([x]) => [x!],
  gradient: (_, [g]) => [g, undefined],
  lower: (lowering, { inputs }, [value, trigger]) => {
    const [x, earlier] = inputs as [Tensor, Tensor];
    const alike = sameShape(x.shape, earlier.shape) ? trigger! : stretched(lowering, trigger!, x.shape);
    return [lowering.emit("Reshape", [value!, lowering.emit("Shape", [alike])])];
  },
};

/** The first element of a value under another shape; sizes that are put together as numbers would leave the GPU. */
function stretched(lowering: Lowering, value: string, shape: Shape): string {
  const flat = lowering.emit("Reshape", [value, lowering.integers([-1])]);
  const first = lowering.emit("Slice", [flat, ...[0, 1, 0].map((bound) => lowering.integers([bound]))]);
  const scalar = lowering.emit("Reshape", [first, lowering.integers([])]);
  return lowering.emit("Expand", [scalar, lowering.integers(shape)]);
}

/**
 * The same value as x, and what is computed from it is computed after `trigger`. An operation on it is never shared with
 * an equal one on x.
 */
export function after(x: Tensor, trigger: Tensor): Tensor {
  return applyOne(afterOperation, [x, trigger], null);
}
