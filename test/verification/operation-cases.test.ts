// No operation is left out when a device is verified.
import { expect, test } from "vitest";
import { methods } from "#src/graph/tensor-methods.js";
import { exactValues } from "#src/verification/deviation.js";
import { operationCases, operationPrograms } from "#src/verification/operation-cases.js";

test("every operation of a tensor has a case", () => {
  expect(Object.keys(methods).filter((name) => !(name in operationCases))).toEqual([]);
});

test("what stands for an operation in double precision has its results and gradients", async () => {
  for (const name of ["convolution", "transposedConvolution"]) {
    const { program, reference } = operationPrograms(name, operationCases[name]!);
    expect([...reference.outputs].map(([output, { shape }]) => [output, shape])).toEqual(
      [...program.outputs].map(([output, { shape }]) => [output, shape]),
    );
    const inputs = [...reference.inputs].map(([input, { shape }]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [input, Float32Array.from({ length }, (_, index) => Math.sin(index))] as const;
    });
    const exact = await exactValues(reference, Object.fromEntries(inputs));
    expect(exact.result0!.constructor).toBe(Float64Array);
  }
});
