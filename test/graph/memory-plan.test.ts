// What a graph takes at the most, given how ONNX Runtime hands memory on.
import { describe, expect, test } from "vitest";
import { defineProgram, emitOnnx, input, type Tensor } from "#src/graph/index.js";
import { cpuKernels } from "./kernels.js";

const peak = (outputs: Record<string, Tensor>) => emitOnnx(defineProgram("test", outputs), cpuKernels).peakBytes;
const BYTES = 100 * 100 * 4;
const x = input("x", [100, 100]);

describe("planPeakBytes", () => {
  test("counts neither inputs nor outputs", () => {
    expect(peak({ y: x.exp() })).toBe(0);
  });

  test("lets a result take the place of an operand that is read no more", () => {
    expect(peak({ y: x.exp().sqrt().exp().sum([0], { keepDims: true }) })).toBe(BYTES);
    const kept = x.log();
    expect(peak({ y: kept.log().add(kept).sum([0], { keepDims: true }) })).toBe(2 * BYTES);
  });

  test("counts what has another shape alone as the same memory", () => {
    expect(peak({ y: x.log().reshape([10, 1000]).sum([0], { keepDims: true }) })).toBe(BYTES);
  });

  test("hands the memory of a value on to the next of its shape", () => {
    const chain = (value: Tensor, length: number): Tensor => (length === 0 ? value : chain(value.log(), length - 1));
    expect(peak({ y: chain(x, 5).sum([0], { keepDims: true }) })).toBe(2 * BYTES);
  });

  test("keeps it from one value of a shape to the next, whatever is computed between", () => {
    // [100, 100], then [50, 200] while nothing of the first shape lives, then [100, 100] again.
    const between = x.log().sum([0]).reshape([1, 100]).expand([50, 100]);
    const other = between.log().sum([0]);
    const again = other.reshape([1, 100]).expand([100, 100]).log().sum([0]);
    const withoutReturn = peak({ y: other });
    expect(withoutReturn).toBeLessThan(peak({ y: again }));
  });
});
