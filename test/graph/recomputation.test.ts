// Gradients whose regions are computed a second time: the same values, from less memory.
import { describe, expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { defineProgram, emitOnnx, gradients, input, recomputable, type Tensor } from "#src/graph/index.js";
import { block } from "#src/nn/block.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { randomStream } from "#src/random/index.js";
import { evaluate } from "./evaluate.js";
import { cpuKernels } from "./kernels.js";

const x = input("x", [4, 3], "float64");
const values = { x: Float64Array.from({ length: 12 }, (_, index) => Math.sin(index)) };
const count = (type: string, outputs: Record<string, Tensor>) =>
  emitOnnx(defineProgram("test", outputs), cpuKernels).model.nodes.filter((node) => node.type === type).length;

describe("gradients with recomputation", () => {
  test("compute the values of a region twice, and others once", () => {
    const loss = recomputable(() => x.exp().mul(x))
      .exp()
      .sum();
    expect(count("Exp", { slope: gradients(loss, [x])[0]! })).toBe(2);
    expect(count("Exp", { slope: gradients(loss, [x], { recompute: true })[0]! })).toBe(2);
    expect(count("Exp", { loss, slope: gradients(loss.mul(1), [x], { recompute: true })[0]! })).toBe(2);
    const inner = recomputable(() => x.log().exp().mul(x)).sum();
    expect(count("Exp", { inner, slope: gradients(inner, [x], { recompute: true })[0]! })).toBe(1);
  });

  test("are those without, with several values entering and leaving, and a value that is read within and outside", async () => {
    const entering = x.mul(0.5).exp();
    const [first, second, third] = recomputable(() => {
      const y = x.mul(entering).exp();
      return [y.mul(y), y.sum([1], { keepDims: true }), entering.add(y)] as const;
    });
    const loss = first.mul(second).add(third.exp()).mul(entering).sum();
    const [plain] = gradients(loss, [x]);
    const [recomputed] = gradients(loss, [x], { recompute: true });
    const results = await evaluate({ plain: plain!, recomputed: recomputed! }, values);
    expect(results.recomputed).toEqual(results.plain);
  });

  test("reach through a region within a region", async () => {
    const loss = recomputable(() =>
      recomputable(() => x.exp())
        .exp()
        .mul(x),
    ).sum();
    const [plain] = gradients(loss, [x]);
    const [recomputed] = gradients(loss, [x], { recompute: true });
    const results = await evaluate({ plain: plain!, recomputed: recomputed! }, values);
    expect(results.recomputed).toEqual(results.plain);
  });

  test("of a chain of blocks are equal to the last bit, and take memory that hardly grows with their number", async () => {
    const shape = { width: 16, heads: 2, mlpRatio: 4 };
    const program = (depth: number, recompute: boolean) => {
      const scope = new ParameterScope();
      const blocks = Array.from({ length: depth }, (_, index) => block(scope.in(`blocks.${index}`), shape));
      const loss = blocks.reduce((tokens, each) => each(tokens), input("tokens", [16, 8, 16])).sum();
      const parameters = scope.parameters.map(({ tensor }) => tensor);
      const slopes = gradients(loss, parameters, { recompute });
      const outputs = Object.fromEntries(slopes.map((slope, index) => [`slope${index}`, slope]));
      return defineProgram("chain", { loss, ...outputs });
    };
    const results = [];
    for (const recompute of [false, true]) {
      const compiled = program(3, recompute);
      const arrays = [...compiled.inputs].map(([name, { shape: sides }]) => {
        const stream = randomStream(0, name, 0, 0);
        const length = sides.reduce((product, size) => product * size, 1);
        return [name, Float32Array.from({ length }, () => stream.normal())] as const;
      });
      results.push(await (await compile(compiled, { threads: 1 })).run(Object.fromEntries(arrays)));
    }
    expect(results[1]).toEqual(results[0]);

    const peak = (depth: number, recompute: boolean) => emitOnnx(program(depth, recompute), cpuKernels).peakBytes;
    const growth = (recompute: boolean) => (peak(12, recompute) - peak(4, recompute)) / 8;
    const input1 = 16 * 8 * 16 * 4;
    // What enters each block, and thirds of its weight that are kept.
    expect(growth(true)).toBeLessThan(2.5 * input1);
    expect(growth(false)).toBeGreaterThan(10 * input1);
  });
});
