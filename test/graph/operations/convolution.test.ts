// Convolutions and their reverse, element by element, and against PyTorch.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { countMultiplyAdds, defineProgram, gradients, input, type Tensor } from "#src/graph/index.js";
import { pytorchMissing, runPython } from "../../pytorch.js";
import type { Values } from "../arbitraries.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, tabulate } from "../dense.js";

const pair = (low: number, high: number) =>
  fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }));

const windows = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 3 }),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    padding: pair(0, 2),
    extra: pair(0, 3),
  })
  .map(({ kernel, padding, ...others }) => ({
    ...others,
    kernel,
    // A kernel that sees nothing but padding would be of no use.
    padding: [Math.min(padding[0], kernel[0] - 1), Math.min(padding[1], kernel[1] - 1)] as const,
  }));

type Drawn = typeof windows extends fc.Arbitrary<infer Value> ? Value : never;

function convolved(x: Dense, weight: Dense, bias: Dense, { stride, padding, kernel }: Drawn): Dense {
  const [batch, inputs, height, width] = x.shape as [number, number, number, number];
  const places = [height, width].map(
    (size, axis) => Math.floor((size + 2 * padding[axis]! - kernel[axis]!) / stride[axis]!) + 1,
  );
  return tabulate([batch, weight.shape[0]!, ...places], ([image, output, row, column]) => {
    let sum = bias.data[output!]!;
    for (let channel = 0; channel < inputs; channel++) {
      for (let y = 0; y < kernel[0]; y++) {
        for (let z = 0; z < kernel[1]; z++) {
          const [from, of] = [row! * stride[0] + y - padding[0], column! * stride[1] + z - padding[1]];
          if (from < 0 || from >= height || of < 0 || of >= width) continue;
          sum += at(x, [image!, channel, from, of]) * at(weight, [output!, channel, y, z]);
        }
      }
    }
    return sum;
  });
}

function transposed(x: Dense, weight: Dense, { stride, padding, kernel }: Drawn): Dense {
  const [batch, inputs, height, width] = x.shape as [number, number, number, number];
  const places = [height, width].map((size, axis) => (size - 1) * stride[axis]! - 2 * padding[axis]! + kernel[axis]!);
  return tabulate([batch, weight.shape[1]!, ...places], ([image, output, row, column]) => {
    let sum = 0;
    for (let channel = 0; channel < inputs; channel++) {
      for (let from = 0; from < height; from++) {
        for (let of = 0; of < width; of++) {
          const [y, z] = [row! + padding[0] - from * stride[0], column! + padding[1] - of * stride[1]];
          if (y < 0 || y >= kernel[0] || z < 0 || z >= kernel[1]) continue;
          sum += at(x, [image!, channel, from, of]) * at(weight, [channel, output!, y, z]);
        }
      }
    }
    return sum;
  });
}

const options = { tolerance: 2e-5, runs: 12, gpuRuns: 1 };

describe("convolution", () => {
  testOperation(
    "with any kernel, stride and padding",
    windows,
    (drawn, values: Values) => {
      const { batch, inputs, outputs, kernel, padding, extra } = drawn;
      const size = ([0, 1] as const).map((axis) => Math.max(1, kernel[axis] - 2 * padding[axis]) + extra[axis]);
      const [x, weight, bias] = [
        values.floats([batch, inputs, ...size]),
        values.floats([outputs, inputs, ...kernel]),
        values.floats([outputs]),
      ];
      return operationCase({
        inputs: { x, weight, bias },
        compute: (t) => t.x.convolution(t.weight, t.bias, drawn),
        expected: convolved(x, weight, bias, drawn),
      });
    },
    options,
  );

  test("refuses what does not fit, and names the operands", () => {
    const x = input("x", [1, 3, 4, 4]);
    expect(() => x.convolution(input("w", [2, 4, 1, 1]))).toThrow(/the maps have 3 channels, the kernel is for 4.*"w"/);
    expect(() => x.convolution(input("w", [2, 3, 5, 1]))).toThrow(/kernel \[5, 1\] is larger than the padded maps/);
    expect(() => x.convolution(input("w", [2, 3, 1, 1]), undefined, { stride: 0 })).toThrow(/a stride from 1/);
    expect(() => input("y", [3, 4, 4]).convolution(input("w", [2, 3, 1, 1]))).toThrow(/four axes/);
    expect(() => x.convolution(input("w", [2, 3, 1, 1], "float64"))).toThrow(/one floating dtype/);
  });

  test("counts as its multiply-adds", () => {
    const x = input("x", [2, 3, 8, 8]).convolution(input("w", [5, 3, 3, 3]), undefined, { padding: 1 });
    expect(countMultiplyAdds(defineProgram("c", { y: x }))).toBe(2 * 5 * 8 * 8 * 3 * 9);
    const y = input("y", [2, 3, 8, 8]).transposedConvolution(input("v", [3, 5, 2, 2]), undefined, { stride: 2 });
    expect(countMultiplyAdds(defineProgram("t", { z: y }))).toBe(2 * 3 * 8 * 8 * 5 * 4);
  });
});

describe("transposedConvolution", () => {
  testOperation(
    "with any kernel, stride and padding",
    windows,
    (drawn, values: Values) => {
      const { batch, inputs, outputs, kernel, padding, extra } = drawn;
      const size = ([0, 1] as const).map((axis) => 1 + 2 * padding[axis] + extra[axis]);
      const [x, weight] = [values.floats([batch, inputs, ...size]), values.floats([inputs, outputs, ...kernel])];
      return operationCase({
        inputs: { x, weight },
        compute: (t) => t.x.transposedConvolution(t.weight, undefined, drawn),
        expected: transposed(x, weight, drawn),
      });
    },
    options,
  );

  test("refuses a padding that leaves nothing of the kernel", () => {
    const x = input("x", [1, 3, 4, 4]);
    expect(() => x.transposedConvolution(input("w", [3, 1, 2, 2]), undefined, { padding: 2 })).toThrow(
      /a padding less than the kernel \[2, 2\]; found 2,2/,
    );
  });
});

describe.skipIf(pytorchMissing !== undefined)(`PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test.each([
    { name: "3 x 3", kernel: 3, stride: 1, padding: 1, size: [9, 12], transposed: false },
    { name: "16 x 16 patches", kernel: 16, stride: 16, padding: 0, size: [32, 48], transposed: false },
    { name: "7 x 7 with steps of 2", kernel: 7, stride: 2, padding: 3, size: [15, 18], transposed: false },
    { name: "1 x 1", kernel: 1, stride: 1, padding: 0, size: [5, 6], transposed: false },
    { name: "padding of the kernel's size", kernel: 2, stride: 1, padding: 3, size: [4, 4], transposed: false },
    { name: "doubling", kernel: 2, stride: 2, padding: 0, size: [5, 7], transposed: true },
    { name: "4 x 4 with steps of 2", kernel: 4, stride: 2, padding: 1, size: [5, 7], transposed: true },
  ])("$name: values and gradients", async ({ kernel, stride, padding, size, transposed: isTransposed }) => {
    const [batch, inputs, outputs] = [3, 6, 5];
    const weightShape = isTransposed ? [inputs, outputs, kernel, kernel] : [outputs, inputs, kernel, kernel];
    const noise = (length: number, seed: number) =>
      Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i) * Math.cos(0.3 * seed * i));
    const [height, width] = size as [number, number];
    const x = { shape: [batch, inputs, height, width], data: noise(batch * inputs * height * width, 1) };
    const weight = { shape: weightShape, data: noise(inputs * outputs * kernel * kernel, 2) };
    const ours = (t: Tensor, w: Tensor) =>
      isTransposed
        ? t.transposedConvolution(w, undefined, { stride, padding })
        : t.convolution(w, undefined, { stride, padding });
    const [tx, tw] = [input("x", x.shape), input("weight", weight.shape)];
    const y = ours(tx, tw);
    const slope = { shape: [...y.shape], data: noise(y.size, 3) };
    const [toX, toWeight] = gradients(y.mul(input("slope", y.shape)).sum(), [tx, tw]);
    const program = await compile(defineProgram("c", { y, toX: toX!, toWeight: toWeight! }), { threads: 1 });
    const found = await program.run({ x: x.data, weight: weight.data, slope: slope.data });

    const expected = runPython(
      "test/reference/convolution.py",
      Object.entries({ x, weight, slope }).map(([name, tensor]) => ({ name, dtype: "F32" as const, ...tensor })),
      { stride, padding, transposed: isTransposed },
    );
    for (const name of ["y", "toX", "toWeight"] as const) {
      const [mine, theirs] = [found[name]!, expected.get(name)!.data as Float64Array];
      const scale = Math.max(...theirs.map(Math.abs));
      for (const [i, value] of theirs.entries()) {
        if (Math.abs(Number(mine[i]) - value) > 1e-5 * scale) expect.fail(`${name}[${i}]: ${mine[i]}, ${value}`);
      }
    }
  });
});
