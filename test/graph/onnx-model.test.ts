// The files that programs become are standard ONNX: read back by an independent reader, and checked by onnx itself.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  constant,
  defineProgram,
  emitOnnx,
  encodeOnnxModel,
  gradients,
  input,
  type OnnxModel,
} from "#src/graph/index.js";
import { cpuKernels, webgpuKernels } from "./kernels.js";
import { readOnnx } from "./onnx-reader.js";

const model: OnnxModel = {
  name: "example",
  nodes: [
    {
      type: "Gemm",
      domain: "",
      inputs: ["a", "w", ""],
      outputs: ["y"],
      attributes: { transA: 0, transB: 1, alpha: { float: -0.5 }, perm: [2, 0, 1], mode: "größer", low: -3 },
    },
    { type: "Gelu", domain: "com.microsoft", inputs: ["y"], outputs: ["", "z"], attributes: {} },
  ],
  inputs: [{ name: "a", dtype: "float32", shape: [200, 3] }],
  outputs: [{ name: "z", dtype: "int64", shape: [] }],
  initializers: [
    {
      name: "w",
      dtype: "float32",
      shape: [5, 3],
      bytes: new Uint8Array(Float32Array.from({ length: 15 }, Math.cos).buffer),
    },
    { name: "flag", dtype: "bool", shape: [], bytes: Uint8Array.of(1) },
  ],
};

describe("encodeOnnxModel", () => {
  const read = readOnnx(encodeOnnxModel(model));

  test("writes nodes with all kinds of attributes", () => {
    expect(read.nodes).toEqual([
      { ...model.nodes[0], name: "y", inputs: ["a", "w", ""], attributes: model.nodes[0]!.attributes },
      { ...model.nodes[1], name: "z" },
    ]);
  });

  test("writes types and shapes of inputs and outputs", () => {
    expect(read.inputs).toEqual([{ name: "a", type: 1, shape: [200, 3] }]);
    expect(read.outputs).toEqual([{ name: "z", type: 7, shape: [] }]);
  });

  test("writes constants byte by byte", () => {
    expect(read.initializers.map(({ name, type, shape }) => ({ name, type, shape }))).toEqual([
      { name: "w", type: 1, shape: [5, 3] },
      { name: "flag", type: 9, shape: [] },
    ]);
    expect(read.initializers.map(({ bytes }) => [...bytes!])).toEqual(
      model.initializers.map(({ bytes }) => [...bytes]),
    );
  });

  test("names the operator sets that it uses, the engine's own only where a node needs it", () => {
    expect(read.opsets).toEqual([
      { domain: "", version: 17 },
      { domain: "com.microsoft", version: 1 },
    ]);
    const standard = readOnnx(encodeOnnxModel({ ...model, nodes: model.nodes.slice(0, 1) }));
    expect(standard.opsets).toEqual([{ domain: "", version: 17 }]);
  });

  test("writes no other fields, and no time or path: the same program gives the same bytes", () => {
    expect(read.fields).toEqual({ model: [1, 2, 7, 8], graph: [1, 2, 5, 11, 12] });
    expect([read.irVersion, read.producer, read.name]).toEqual([8, "mixedae", "example"]);
    expect(encodeOnnxModel(model)).toEqual(encodeOnnxModel(model));
  });
});

/** The interpreters to look for the onnx package in. */
const PYTHONS = ["python3", "/usr/bin/python3"];

function pythonWithOnnx(): string | undefined {
  return PYTHONS.filter((python) => python === "python3" || existsSync(python)).find(
    (python) => spawnSync(python, ["-c", "import onnx"], { stdio: "ignore" }).status === 0,
  );
}

const CHECK = `
import sys, onnx
model = onnx.load_model_from_string(sys.stdin.buffer.read())
# Opset 17 without the engine's own operators can be checked to the last shape.
onnx.checker.check_model(model, full_check=all(node.domain == "" for node in model.graph.node))
print(len(model.graph.node))
`;

describe("onnx.checker", () => {
  /** A small training program: most operators, with gradients. */
  function trainingProgram(dtype: "float32" | "float64") {
    const [x, weight, bias] = [input("x", [2, 3, 4], dtype), input("weight", [5, 4], dtype), input("bias", [5], dtype)];
    const [scale, shift] = [input("scale", [5], dtype), input("shift", [5], dtype)];
    const index = input("index", [4], "int32");
    const hidden = x.linear(weight, bias).layerNorm(scale, shift, 1e-6).gelu();
    const attention = hidden
      .matmul(hidden.transpose([0, 2, 1]), { scale: 0.5 })
      .softmax()
      .matmul(hidden);
    const picked = attention
      .reshape([6, 5])
      .gather(index)
      .sub(constant([1, 2, 3, 4, 5], [5], dtype))
      .maximum(-3);
    const { values } = picked.topK(2);
    const loss = picked.mul(picked).mean().add(picked.logSumExp(1).sum()).add(values.erf().sum());
    const parameters = { weight, bias, scale, shift };
    const slopes = gradients(loss, Object.values(parameters));
    return defineProgram("training", {
      loss,
      places: picked.less(0).not(),
      ...Object.fromEntries(Object.keys(parameters).map((name, i) => [`gradient/${name}`, slopes[i]!])),
    });
  }

  test.each([
    ["float32", "cpu", cpuKernels],
    ["float32", "webgpu", webgpuKernels],
    ["float64", "cpu", cpuKernels],
  ] as const)("accepts a training program in %s for %s", (dtype, _, kernels) => {
    const bytes = encodeOnnxModel(emitOnnx(trainingProgram(dtype), kernels).model);
    expect(readOnnx(bytes).nodes.length).toBeGreaterThan(50);
  });

  test("accepts training programs", ({ skip }) => {
    const python = pythonWithOnnx();
    skip(python === undefined, "no Python with the onnx package (Debian: python3-onnx)");
    for (const [dtype, device, kernels] of [
      ["float32", "cpu", cpuKernels],
      ["float32", "webgpu", webgpuKernels],
      ["float64", "cpu", cpuKernels],
    ] as const) {
      const { model } = emitOnnx(trainingProgram(dtype), kernels);
      const result = spawnSync(python!, ["-c", CHECK], { input: encodeOnnxModel(model), encoding: "utf8" });
      expect(result.stderr, `${dtype} for ${device}`).toBe("");
      expect(Number(result.stdout)).toBe(model.nodes.length);
    }
  });
});
