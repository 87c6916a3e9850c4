// Programs on WebGPU: transfers, strictness, and training steps of a transformer block that equal those on the CPU.
import { describe, expect, test } from "vitest";
import { compile, type DeviceOptions, EngineError, openEngine } from "#src/engine/index.js";
import { defineProgram, input } from "#src/graph/index.js";
import { block } from "#src/nn/block.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { createTraining } from "#src/optim/training.js";
import { randomStream } from "#src/random/index.js";
import { webgpuMissing } from "../webgpu.js";

const missing = await webgpuMissing();
const webgpu: DeviceOptions = { device: "webgpu", strict: true, threads: 1 };
const SHADERS_TAKE_THEIR_TIME = 120_000;

/** Where there is no driver, the test is skipped with the reason. */
function gpuTest(name: string, run: () => Promise<void>): void {
  test(
    name,
    async ({ skip }) => {
      skip(missing !== undefined, missing);
      await run();
    },
    SHADERS_TAKE_THEIR_TIME,
  );
}

describe("on WebGPU", () => {
  gpuTest("bound arrays are read and filled at every run", async () => {
    const x = input("x", [4]);
    const executable = await compile(defineProgram("double", { twice: x.mul(2), isSmall: x.less(2) }), webgpu);
    const [values, twice, isSmall] = [Float32Array.of(0, 1, 2, 3), new Float32Array(4), new Uint8Array(4)];
    const binding = executable.bind({ x: values }, { twice, isSmall });
    await binding.run();
    expect([[...twice], [...isSmall]]).toEqual([
      [0, 2, 4, 6],
      [1, 1, 0, 0],
    ]);
    values.fill(5);
    await binding.run();
    expect([[...twice], [...isSmall]]).toEqual([
      [10, 10, 10, 10],
      [0, 0, 0, 0],
    ]);
  });

  gpuTest("an output may be written over an input", async () => {
    const executable = await compile(defineProgram("update", { next: input("x", [2]).mul(2).add(1) }), webgpu);
    const value = Float32Array.of(1, 2);
    const binding = executable.bind({ x: value }, { next: value });
    for (let step = 0; step < 3; step++) await binding.run();
    expect([...value]).toEqual([15, 23]);
  });

  gpuTest("images arrive as uint8", async () => {
    const bytes = input("bytes", [2, 3], "uint8");
    const executable = await compile(defineProgram("pixels", { pixels: bytes.cast("float32").mul(2) }), webgpu);
    const { pixels } = await executable.run({ bytes: Uint8Array.of(0, 1, 127, 128, 254, 255) });
    expect([...pixels!]).toEqual([0, 2, 254, 256, 508, 510]);
  });

  gpuTest("strict refuses a program of which a part would leave the GPU, which runs otherwise", async () => {
    const index = input("index", [3], "int64");
    const program = defineProgram("shifted", { next: index.add(1) });
    await expect(compile(program, webgpu)).rejects.toThrow(EngineError);
    const executable = await compile(program, { ...webgpu, strict: false });
    expect(await executable.run({ index: BigInt64Array.of(1n, 2n, 3n) })).toEqual({
      next: BigInt64Array.of(2n, 3n, 4n),
    });
  });

  gpuTest("training a transformer block takes the steps that it takes on the CPU", async () => {
    const [tokens, batch, width] = [5, 2, 6];
    const train = async (options: DeviceOptions) => {
      const scope = new ParameterScope();
      const x = input("x", [tokens, batch, width]);
      const kept = input("kept", [tokens], "int32");
      const y = block(scope, { width, heads: 2, mlpRatio: 1.5 })(x.gather(kept), {
        exclude: (logits) => logits.less(logits.stopGradient().topK(3).values.min([-1], { keepDims: true })),
      });
      const training = await createTraining({
        name: "block",
        loss: y.mul(y).mean().add(y.logSumExp(2).mean()),
        parameters: scope.parameters,
        optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.05 },
        engine: openEngine(options),
      });
      for (const [index, { name, tensor, initialize }] of scope.parameters.entries()) {
        await training.values[name]!.write(initialize(tensor.shape, randomStream(1, "initialize", 0, index)));
      }
      const stream = randomStream(2, "data", 0, 0);
      const data = {
        x: Float32Array.from({ length: tokens * batch * width }, () => stream.normal()),
        kept: Int32Array.of(4, 0, 2, 2, 1),
      };
      const results = [];
      for (let step = 1; step <= 3; step++) {
        results.push(await training.step(data, { step, learningRate: 1e-2, clipNorm: 1 }));
      }
      return { results, state: training.state };
    };
    const [onGpu, onCpu] = [await train(webgpu), await train({ threads: 1 })];
    for (const [index, { loss, gradientNorm, updated }] of onCpu.results.entries()) {
      expect(updated).toBe(true);
      expect(onGpu.results[index]!.loss).toBeCloseTo(loss, 4);
      expect(onGpu.results[index]!.gradientNorm).toBeCloseTo(gradientNorm, 3);
    }
    const farthest = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    for (const key of ["parameters", "gradients", "means", "squares"] as const) {
      expect(farthest(onGpu.state[key].memory!, onCpu.state[key].memory!), key).toBeLessThan(2e-4);
    }
  });
});
