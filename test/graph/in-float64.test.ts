// A program in double precision.
import { expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { constant, defineProgram, gradients, inFloat64, input } from "#src/graph/index.js";

test("a program in double precision computes the same from inputs to outputs, with the digits that float32 loses", async () => {
  const [x, index] = [input("x", [3]), input("index", [2], "int32")];
  const loss = x
    .add(1)
    .sub(1)
    .gather(index)
    .cast("float32")
    .mul(constant([1, 2], [2]))
    .sum();
  const program = inFloat64(defineProgram("small", { loss, slope: gradients(loss, [x])[0]!, whole: x.cast("int32") }));
  expect([...program.inputs].map(([name, { dtype }]) => [name, dtype])).toEqual([
    ["x", "float64"],
    ["index", "int32"],
  ]);
  expect([...program.outputs].map(([name, { dtype }]) => [name, dtype])).toEqual([
    ["loss", "float64"],
    ["slope", "float64"],
    ["whole", "int32"],
  ]);
  const inputs = { x: Float64Array.of(1e-9, 2e-9, 3e-9), index: Int32Array.of(0, 2) };
  const { loss: sum, slope } = await (await compile(program)).run(inputs);
  expect(Number(sum![0])).toBeCloseTo(7e-9, 15);
  expect([...slope!]).toEqual([1, 0, 2]);
});
