// Whole training steps: updates, clipping, micro-batches, and steps that must not be taken.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { input } from "#src/graph/index.js";
import { linear } from "#src/nn/layers.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { initialValues } from "#src/optim/initial-values.js";
import { createTraining, type Training } from "#src/optim/training.js";
import { memoryOf } from "../engine/host-memory.js";
import { adamwReference, relativeDistance } from "./reference.js";

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
const WIDTH = 5;

/** Linear regression on batches of rows: loss = mean((x w + b - t)^2). */
async function regression(rows: number, microBatches = 1): Promise<Training> {
  const [x, target] = [input("x", [rows / microBatches, WIDTH]), input("target", [rows / microBatches, 1])];
  const [weight, bias] = [input("weight", [1, WIDTH]), input("bias", [1])];
  const error = x.linear(weight, bias).sub(target);
  const training = await createTraining({
    name: "regression",
    loss: error.mul(error).mean(),
    metrics: {
      errors: error.abs().mean([1]).sum([0], { keepDims: true }).mul(microBatches),
      largest: error.abs().max(),
    },
    parameters: [
      { name: "weight", tensor: weight, decay: true },
      { name: "bias", tensor: bias, decay: false },
    ],
    optimizer,
    microBatches,
    engine: openEngine({ threads: 1 }),
  });
  memoryOf(training.values.weight).set([0.1, -0.2, 0.3, -0.4, 0.5]);
  return training;
}

const batch = (rows: number, step: number) => ({
  x: Float32Array.from({ length: rows * WIDTH }, (_, index) => Math.sin(index * 3.7 + step)),
  target: Float32Array.from({ length: rows }, (_, index) => Math.cos(index * 1.9 + step) * 2),
});

/** The loss and its gradient by weight and bias, directly. */
function direct({ x, target }: ReturnType<typeof batch>, weight: readonly number[], bias: number) {
  const rows = target.length;
  const gradient = new Array<number>(WIDTH + 1).fill(0);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const error = weight.reduce((sum, w, i) => sum + w * x[row * WIDTH + i]!, bias) - target[row]!;
    loss += error ** 2 / rows;
    for (let i = 0; i < WIDTH; i++) gradient[i]! += (2 * error * x[row * WIDTH + i]!) / rows;
    gradient[WIDTH]! += (2 * error) / rows;
  }
  return { loss, gradient, norm: Math.hypot(...gradient) };
}

describe("createTraining", () => {
  test.each([null, 0.5])("makes the steps of AdamW, with the norm clipped at %s", async (clipNorm) => {
    const training = await regression(6);
    const state = {
      parameters: [...memoryOf(training.values.weight), 0],
      means: new Array<number>(6).fill(0),
      squares: new Array<number>(6).fill(0),
    };
    const part = (from: number, to: number) => ({
      parameters: state.parameters.slice(from, to),
      means: state.means.slice(from, to),
      squares: state.squares.slice(from, to),
    });
    for (let step = 1; step <= 5; step++) {
      const data = batch(6, step);
      const { loss, gradient, norm } = direct(data, state.parameters.slice(0, WIDTH), state.parameters[WIDTH]!);
      const clipped = gradient.map((value) => value * (clipNorm === null ? 1 : Math.min(1, clipNorm / norm)));
      const result = await training.step(data, { step, learningRate: 0.05, clipNorm });
      expect(result.updated).toBe(true);
      expect(result.loss).toBeCloseTo(loss, 5);
      expect(result.gradientNorm).toBeCloseTo(norm, 5);

      const [weights, biases] = [part(0, WIDTH), part(WIDTH, WIDTH + 1)];
      adamwReference(weights, clipped.slice(0, WIDTH), step, { ...optimizer, learningRate: 0.05 });
      adamwReference(biases, clipped.slice(WIDTH), step, { ...optimizer, learningRate: 0.05, weightDecay: 0 });
      for (const key of ["parameters", "means", "squares"] as const) state[key] = [...weights[key], ...biases[key]];
      expect(
        relativeDistance([...memoryOf(training.values.weight), ...memoryOf(training.values.bias)], state.parameters),
      ).toBeLessThan(1e-5);
    }
  });

  test("makes the same step from micro-batches as from the whole batch", async () => {
    const [whole, parts] = [await regression(12), await regression(12, 3)];
    for (let step = 1; step <= 4; step++) {
      const data = batch(12, step);
      const options = { step, learningRate: 0.05, clipNorm: 1 };
      const [first, second] = [await whole.step(data, options), await parts.step(data, options)];
      expect(second.loss).toBeCloseTo(first.loss, 5);
      expect(second.gradientNorm).toBeCloseTo(first.gradientNorm, 5);
      expect(second.metrics.errors).toBeCloseTo(first.metrics.errors as number, 4);
      expect(relativeDistance(memoryOf(parts.values.weight), memoryOf(whole.values.weight))).toBeLessThan(1e-5);
      expect(relativeDistance(memoryOf(parts.values.bias), memoryOf(whole.values.bias))).toBeLessThan(1e-5);
    }
  });

  test("leaves everything as it was where the loss is not finite", async () => {
    const training = await regression(6);
    await training.step(batch(6, 1), { step: 1, learningRate: 0.05 });
    const keys = ["parameters", "means", "squares"] as const;
    const before = keys.map((key) => training.state[key].memory!.slice());
    const data = batch(6, 2);
    data.x[3] = Number.NaN;
    const result = await training.step(data, { step: 2, learningRate: 0.05 });
    expect(result.updated).toBe(false);
    expect(result.loss).toBeNaN();
    const { parameters, means, squares } = training.state;
    const sameBytes = (a: Float32Array, b: Float32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
    expect([parameters, means, squares].map(({ memory }, i) => sameBytes(memory!, before[i]!))).toEqual([
      true,
      true,
      true,
    ]);
    expect((await training.step(batch(6, 2), { step: 2, learningRate: 0.05 })).updated).toBe(true);
  });

  test("rehearses without an update", async () => {
    const training = await regression(6);
    const before = training.state.parameters.memory!.slice();
    expect(await training.rehearse()).toBeGreaterThan(0);
    expect(Buffer.from(training.state.parameters.memory!.buffer).equals(Buffer.from(before.buffer))).toBe(true);
  });

  test("refuses inputs of another size or dtype, and names them", async () => {
    const training = await regression(6, 2);
    const { x, target } = batch(6, 1);
    const options = { step: 1, learningRate: 0.1 };
    await expect(training.step({ x }, options)).rejects.toThrow(
      'training regression: input "target" must be Float32Array of 6 elements; found nothing',
    );
    await expect(training.step({ x: x.subarray(1), target }, options)).rejects.toThrow(
      'training regression: input "x" must be Float32Array of 30 elements; found Float32Array of 29',
    );
    await expect(training.step({ x: new Float64Array(30), target }, options)).rejects.toThrow(
      /found Float64Array of 30/,
    );
  });
});

describe("first values", () => {
  const scope = new ParameterScope();
  const loss = linear(
    scope,
    3,
    2,
  )(input("x", [4, 3]))
    .abs()
    .mean();
  const { parameters } = scope;
  const plainOptimizer = { ...optimizer, weightDecay: 0 };
  const definition = {
    name: "seeded",
    loss,
    parameters,
    optimizer: plainOptimizer,
    engine: openEngine({ threads: 1 }),
  };

  test("are drawn from the seed, each by its name alone; without a seed they are zero", async () => {
    const { values } = await createTraining({ ...definition, seed: 7 });
    for (const parameter of parameters) expect(memoryOf(values[parameter.name])).toEqual(initialValues(parameter, 7));
    const weight = parameters.find(({ name }) => name === "weight")!;
    expect(memoryOf(values.weight).every((value) => value !== 0)).toBe(true);
    expect(memoryOf(values.weight)).not.toEqual(initialValues(weight, 8));
    const zeros = (await createTraining(definition)).values;
    for (const { name } of parameters) expect(memoryOf(zeros[name]).every((value) => value === 0)).toBe(true);
  });

  test("need initialisers", async () => {
    const plain = parameters.map(({ name, tensor, decay }) => ({ name, tensor, decay }));
    await expect(createTraining({ ...definition, parameters: plain, seed: 7 })).rejects.toThrow(
      'training seeded: parameter "weight" must have an initialiser for a training with a seed; found none',
    );
  });
});
