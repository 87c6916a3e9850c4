// From program to graph: what is shared, how outputs are named, and in which order the engine meets the nodes.

import { describe, expect, test } from "vitest";
import { constant, defineProgram, emitOnnx, gradients, input, type OnnxModel, type Tensor } from "#src/graph/index.js";
import { evaluate } from "./evaluate.js";
import { cpuKernels, webgpuKernels } from "./kernels.js";

const emit = (outputs: Record<string, Tensor>): OnnxModel => emitOnnx(defineProgram("test", outputs), cpuKernels).model;
const types = (model: OnnxModel) => model.nodes.map(({ type }) => type);
const x = input("x", [2, 3]);
const y = input("y", [2, 3]);

describe("sharing", () => {
  test("computes equal expressions once", () => {
    const sum = () => x.add(y).exp();
    expect(types(emit({ z: sum().mul(sum()) }))).toEqual(["Add", "Exp", "Mul"]);
  });

  test("keeps apart what differs in operands, their order or attributes", () => {
    expect(types(emit({ z: x.sub(y).mul(y.sub(x)) }))).toEqual(["Sub", "Sub", "Mul"]);
    const [rows, columns] = [x.sum([0], { keepDims: true }), x.sum([1], { keepDims: true })];
    expect(types(emit({ z: rows.add(columns) }))).toEqual(["ReduceSum", "ReduceSum", "Add"]);
    const product = (scale: number) => x.matmul(y.transpose([1, 0]), { scale });
    expect(types(emit({ z: product(2).add(product(3)).add(product(2)) }))).toEqual(["Gemm", "Gemm", "Add", "Add"]);
  });

  test("stores equal constants once, and keeps those of another dtype or shape apart", () => {
    const row = () => constant([1, 2, 3], [3]);
    const model = emit({
      z: x.mul(2).add(x.mul(2)).add(row()).mul(row()),
      whole: constant([1, 2, 3], [3], "int32").add(constant([1, 2, 3], [3], "int64").cast("int32")),
      column: constant([1, 2, 3], [3, 1]).mul(1.5),
    });
    const stored = model.initializers.map(({ dtype, shape }) => `${dtype}[${shape}]`).sort();
    expect(stored).toEqual(["float32[3,1]", "float32[3]", "float32[]", "float32[]", "int32[3]", "int64[3]"]);
    expect(new Set(model.initializers.map(({ name }) => name)).size).toBe(model.initializers.length);
  });

  test("takes 0 and -0 for different constants", () => {
    const model = emit({ z: x.maximum(0).add(y.maximum(-0)) });
    expect(model.initializers).toHaveLength(2);
  });

  test("leaves out what no output depends on", () => {
    x.exp();
    expect(types(emit({ z: x.log() }))).toEqual(["Log"]);
  });
});

describe("names of outputs", () => {
  test("are given to the nodes that compute them", () => {
    const model = emit({ sum: x.add(y), product: x.mul(y) });
    expect(model.nodes.map(({ type, outputs }) => [type, outputs])).toEqual([
      ["Mul", ["product"]],
      ["Add", ["sum"]],
    ]);
    expect(model.outputs).toEqual([
      { name: "sum", dtype: "float32", shape: [2, 3] },
      { name: "product", dtype: "float32", shape: [2, 3] },
    ]);
  });

  test("may belong to an input, a constant, or a tensor that has another name", async () => {
    const sum = x.add(y);
    const outputs = {
      input: x,
      fixed: constant([7, 8], [2]),
      sum,
      again: sum,
      more: sum.stopGradient(),
      next: sum.mul(2),
    };
    expect(types(emit(outputs)).filter((type) => type === "Identity")).toHaveLength(4);
    const ones = new Float32Array(6).fill(1);
    const results = await evaluate(outputs, { x: ones, y: ones });
    const twos = new Array<number>(6).fill(2);
    expect(results).toEqual({
      input: [...ones],
      fixed: [7, 8],
      sum: twos,
      again: twos,
      more: twos,
      next: new Array<number>(6).fill(4),
    });
  });

  test("may be those of an equal expression", async () => {
    const results = await evaluate({ a: x.mul(3), b: x.mul(3) }, { x: new Float32Array(6).fill(2) });
    expect(results.a).toEqual(results.b);
  });

  test("cannot meet the names of other values in the graph", async () => {
    const odd = input("Add_0_0", [2]);
    const model = emit({ constant_0: odd.add(1).mul(2) });
    const names = [...model.inputs, ...model.initializers]
      .map(({ name }) => name)
      .concat(model.nodes.flatMap((node) => node.outputs));
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /^[A-Za-z_][\w./-]*$/.test(name)).sort()).toEqual(["Add_0_0", "constant_0"]);
  });
});

describe("order", () => {
  /** A chain of layers, as deep networks are, with the gradient of each weight. */
  function chain(depth: number) {
    const weights = Array.from({ length: depth }, (_, layer) => input(`weight${layer}`, [3, 3]));
    const loss = weights.reduce((hidden, weight) => hidden.matmul(weight).tanh(), x).sum();
    const slopes = gradients(loss, weights);
    return { loss, ...Object.fromEntries(slopes.map((slope, layer) => [`gradient${layer}`, slope])) };
  }

  test("has each value before what reads it", () => {
    const model = emit(chain(6));
    const known = new Set([...model.inputs, ...model.initializers].map(({ name }) => name));
    for (const node of model.nodes) {
      for (const name of node.inputs) expect(known.has(name), `${name} for ${node.type}`).toBe(true);
      for (const name of node.outputs) known.add(name);
    }
    for (const { name } of model.outputs) expect(known.has(name)).toBe(true);
  });

  test("has the values that nothing reads at the end, the first made last", () => {
    const model = emit(chain(6));
    const read = new Set(model.nodes.flatMap(({ inputs }) => inputs));
    const isLeaf = model.nodes.map(({ outputs }) => !outputs.some((name) => read.has(name)));
    expect(isLeaf.indexOf(true)).toBe(isLeaf.lastIndexOf(false) + 1);
    // Backwards, the last layer's gradient is made first; the engine begins with the last leaf of the file.
    const gradientsInFile = model.nodes.flatMap(({ outputs }) => outputs).filter((name) => name.startsWith("gradient"));
    expect(gradientsInFile).toEqual(Array.from({ length: 6 }, (_, layer) => `gradient${layer}`));
  });

  test("plans memory that grows with the depth by what the gradients need", () => {
    const peak = (depth: number) => emitOnnx(defineProgram("chain", chain(depth)), cpuKernels).peakBytes;
    const bytes = 2 * 3 * 4;
    expect(peak(20) - peak(10)).toBe(10 * bytes);
  });
});

describe("products", () => {
  test("become plain MatMul where nothing is transposed, scaled or added", () => {
    const square = input("square", [3, 3]);
    expect(types(emit({ z: x.matmul(square) }))).toEqual(["MatMul"]);
    expect(types(emit({ z: x.matmul(square, { scale: 2 }) }))).toEqual(["Gemm"]);
    expect(types(emit({ z: x.linear(square, input("bias", [3])) }))).toEqual(["Gemm"]);
  });

  test("never use the engine's own operators on WebGPU", () => {
    const batch = input("batch", [2, 3, 3]);
    const { model } = emitOnnx(
      defineProgram("p", { z: batch.matmul(batch.transpose([0, 2, 1]), { scale: 2 }) }),
      webgpuKernels,
    );
    expect(types(model)).toEqual(["Transpose", "MatMul", "Mul"]);
  });
});
