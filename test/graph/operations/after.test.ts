// A value that waits for another one.
import { describe, expect, test } from "vitest";
import { defineProgram, emitOnnx, input } from "#src/graph/index.js";
import { after } from "#src/graph/operations/after.js";
import { shapes } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { dense } from "../dense.js";
import { cpuKernels } from "../kernels.js";

testOperation("after a value of another shape", shapes({ minRank: 0, maxRank: 3 }), (shape, values) => {
  const x = values.floats(shape);
  return operationCase({ inputs: { x }, compute: (t) => after(t.x, t.x.sum()).mul(2), expected: doubled(x) });
});

testOperation("after a value of the same shape", shapes({ minRank: 0, maxRank: 3 }), (shape, values) => {
  const x = values.floats(shape);
  return operationCase({ inputs: { x }, compute: (t) => after(t.x, t.x.mul(3)).mul(2), expected: doubled(x) });
});

const doubled = ({ shape, data }: ReturnType<typeof dense>) =>
  dense(
    shape,
    data.map((value) => 2 * value),
  );

describe("after", () => {
  test("keeps what is computed from it apart from what is computed from the value itself", () => {
    const [x, y] = [input("x", [2, 3]), input("y", [2, 3])];
    const program = defineProgram("twice", { once: x.exp(), again: after(x, y.log()).exp() });
    const types = emitOnnx(program, cpuKernels).model.nodes.map(({ type }) => type);
    expect(types.filter((type) => type === "Exp")).toHaveLength(2);
    expect(types.indexOf("Log")).toBeLessThan(types.indexOf("Reshape"));
  });
});
