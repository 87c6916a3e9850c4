// A program's graph for every batch, made from a program that has one.
import { expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { InferenceSession, Tensor } from "#src/engine/onnxruntime/node.js";
import {
  concat,
  constant,
  defineProgram,
  emitWithOpenBatch,
  encodeOnnxModel,
  input,
  standardKernels,
} from "#src/graph/index.js";

/** A row of ones before the two rows of each item; these as tokens, and their means. */
const programOf = (batch: number) => {
  const x = input("x", [batch, 2, 3]);
  const ones = constant(1).expand([batch, 1, 3]);
  const tokens = concat([ones, x], 1);
  return defineProgram("tokens", {
    turned: tokens
      .transpose([1, 0, 2])
      .reshape([3 * batch, 3])
      .gelu(),
    means: tokens.mean([1]),
  });
};

test("gives for each batch what the program of that batch gives", async () => {
  const model = emitWithOpenBatch(programOf, standardKernels, "x");
  expect(model.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["batch", 2, 3] }]);
  expect(model.outputs.map(({ shape }) => shape)).toEqual([
    ["3*batch", 3],
    ["batch", 3],
  ]);
  expect(new Set(model.nodes.map(({ domain }) => domain))).toEqual(new Set([""]));
  const session = await InferenceSession.create(encodeOnnxModel(model));
  for (const batch of [1, 2, 5]) {
    const values = Float32Array.from({ length: batch * 6 }, (_, index) => Math.sin(index));
    const found = await session.run({ x: new Tensor("float32", values, [batch, 2, 3]) });
    const wanted = await (await compile(programOf(batch), { threads: 1 })).run({ x: values });
    expect([found.turned!.dims, found.means!.dims]).toEqual([
      [3 * batch, 3],
      [batch, 3],
    ]);
    for (const name of ["turned", "means"]) {
      for (const [index, value] of (found[name]!.data as Float32Array).entries()) {
        expect(value).toBeCloseTo(wanted[name]![index] as number, 6);
      }
    }
  }
  await session.release();
});

test("refuses a program in which more than sizes depends on the batch", () => {
  const meanOverBatch = (batch: number) =>
    defineProgram("mean", {
      y: input("x", [batch, 2])
        .sum([0])
        .mul(1 / batch),
    });
  expect(() => emitWithOpenBatch(meanOverBatch, standardKernels, "x")).toThrow(
    "a constant of float32 depends on the batch",
  );
  const lastRow = (batch: number) => defineProgram("last", { y: input("x", [batch, 2]).slice(0, batch - 1) });
  expect(() => emitWithOpenBatch(lastRow, standardKernels, "x")).toThrow("is not a multiple of it");
});
