// An order of execution: a value that is made available only when another one has been computed.
import type { Lowering } from "../lowering.js";
import { sameShape } from "../shape.js";
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
    const shape = sameShape(x.shape, earlier.shape)
      ? lowering.emit("Shape", [trigger!])
      : lowering.emit("Concat", [nothingOf(lowering, trigger!), lowering.integers(x.shape)], { attributes: { axis: 0 } });
    return [lowering.emit("Reshape", [value!, shape])];
  },
};

/** No sizes at all, of the value's shape. */
function nothingOf(lowering: Lowering, value: string): string {
  return lowering.emit("Shape", [value], { attributes: { start: 0, end: 0 } });
}

/**
 * The same value as x, and what is computed from it is computed after `trigger`. An operation on it is never shared with
 * an equal one on x.
 */
export function after(x: Tensor, trigger: Tensor): Tensor {
  return applyOne(afterOperation, [x, trigger], null);
}
