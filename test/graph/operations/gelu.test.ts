// The Gaussian error linear unit: exact, with and without its gradient.
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { shapes } from "../arbitraries.js";
import { checkOnCpu, operationCase, testOperation } from "../check-operation.js";
import { dense, mapDense } from "../dense.js";
import { gelu } from "../special-functions.js";

describe("gelu", () => {
  // The checks run the value alone, the gradient alone, and both in one program: each has a form of its own.
  testOperation("of a tensor", shapes(), (shape, values) => {
    const x = values.floats(shape, -4, 4);
    return operationCase({ inputs: { x }, compute: (t) => t.x.gelu(), expected: mapDense(x, gelu) });
  });

  testOperation(
    "used twice, and of a computed tensor",
    shapes({ maxRank: 2 }),
    (shape, values) => {
      const x = values.floats(shape);
      return operationCase({
        inputs: { x },
        compute: (t) => {
          const hidden = t.x.mul(0.75);
          return hidden.gelu().add(hidden.gelu().gelu()).add(hidden);
        },
        expected: mapDense(x, (value) => gelu(value * 0.75) + gelu(gelu(value * 0.75)) + value * 0.75),
      });
    },
    { runs: 6 },
  );

  test("is exact in the tails, where the tanh approximation is off", async () => {
    const x = dense([9], [-30, -8, -5, -3, 0, 3, 5, 8, 30]);
    await checkOnCpu(operationCase({ inputs: { x }, compute: (t) => t.x.gelu(), expected: mapDense(x, gelu) }), 1e-7);
  });

  test("refuses whole numbers, and names the operand", () => {
    expect(() => input("x", [2], "int32").gelu()).toThrow(
      /^gelu: takes float32 or float64, found int32; operands: int32\[2\] \("x"\)$/,
    );
  });
});
