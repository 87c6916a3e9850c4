// AdamW over all parameters against a direct computation, its groups, and the global norm.
import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { AdamwOptimizer, type OptimizerState, type ParameterGroup } from "#src/optim/adamw-optimizer.js";
import { viewsOf } from "../engine/host-memory.js";
import { adamwReference, relativeDistance } from "./reference.js";

const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
const decayed: ParameterGroup = { decays: true, learningRateScale: 1 };
const undecayed: ParameterGroup = { decays: false, learningRateScale: 0.25 };
const weightDecay = 0.05;
const tensors = [
  { name: "weight", shape: [10, 9], group: decayed },
  { name: "bias", shape: [9], group: undecayed },
  { name: "head", shape: [5], group: decayed },
];

async function create() {
  const engine = openEngine({ threads: 1 });
  const state: OptimizerState = {
    parameters: await engine.allocate(tensors),
    gradients: await engine.allocate(tensors),
    means: await engine.allocate(tensors),
    squares: await engine.allocate(tensors),
  };
  return { state, optimizer: await AdamwOptimizer.create(engine, state, options) };
}

const gradientAt = (step: number, name: string, size: number) =>
  Float32Array.from(
    { length: size },
    (_, index) => Math.sin(step * 7 + index * 1.3 + name.length) * 10 ** -(index % 4),
  );

describe("AdamwOptimizer", () => {
  test("equals AdamW as it is written, over several steps, each group with its own rate and decay", async () => {
    const { state, optimizer } = await create();
    const views = viewsOf(state.parameters);
    const references = tensors.map(({ name }) => {
      const start = Float32Array.from(views[name]!, (_, index) => Math.cos(index));
      views[name]!.set(start);
      const zeros = () => new Array<number>(start.length).fill(0);
      return { parameters: [...start], means: zeros(), squares: zeros() };
    });
    for (let step = 1; step <= 8; step++) {
      const [learningRate, gradientScale] = [1e-2 * step, 1 / step];
      for (const [index, { name, group }] of tensors.entries()) {
        const gradient = gradientAt(step, name, views[name]!.length);
        viewsOf(state.gradients)[name]!.set(gradient);
        const scaled = Array.from(gradient, (value) => value * gradientScale);
        adamwReference(references[index]!, scaled, step, {
          ...options,
          learningRate: learningRate * group.learningRateScale,
          weightDecay: group.decays ? weightDecay : 0,
        });
      }
      await optimizer.update({ step, learningRate, weightDecay, gradientScale });
      for (const [index, { name }] of tensors.entries()) {
        const of = (arrays: OptimizerState["means"]) => viewsOf(arrays)[name]!;
        const { parameters, means, squares } = references[index]!;
        expect(relativeDistance(of(state.parameters), parameters), `${name}, step ${step}`).toBeLessThan(1e-6);
        expect(relativeDistance(of(state.means), means), `mean of ${name}, step ${step}`).toBeLessThan(1e-6);
        expect(relativeDistance(of(state.squares), squares), `square of ${name}, step ${step}`).toBeLessThan(1e-6);
      }
    }
  });

  test("keeps the padding between tensors at zero", async () => {
    const { state, optimizer } = await create();
    for (const [name, view] of Object.entries(viewsOf(state.parameters))) {
      viewsOf(state.gradients)[name]!.set(gradientAt(1, name, view.length));
      view.fill(1);
    }
    for (let step = 1; step <= 3; step++)
      await optimizer.update({ step, learningRate: 0.1, weightDecay, gradientScale: 1 });
    const count = (values: Iterable<number>) => [...values].filter((value) => value !== 0).length;
    for (const arrays of [state.parameters, state.gradients, state.means, state.squares]) {
      const inTensors = Object.values(viewsOf(arrays)).reduce((sum, view) => sum + count(view), 0);
      expect(count(arrays.memory!)).toBe(inTensors);
    }
  });

  test("decays the parameters of a group even where the gradient is zero, and those of another not at all", async () => {
    const { state, optimizer } = await create();
    state.parameters.memory!.fill(2);
    await optimizer.update({ step: 1, learningRate: 0.5, weightDecay, gradientScale: 1 });
    const views = viewsOf(state.parameters);
    expect(views.weight!.every((value) => value === Math.fround(2 * Math.fround(1 - 0.5 * 0.05)))).toBe(true);
    expect(views.bias!.every((value) => value === 2)).toBe(true);
  });

  test("measures the global norm of all gradients, scaled", async () => {
    const { state, optimizer } = await create();
    const gradients = state.gradients.memory!;
    for (const [name, view] of Object.entries(viewsOf(state.gradients))) view.set(gradientAt(2, name, view.length));
    const squares = [...gradients].reduce((sum, value) => sum + value * value, 0);
    expect(await optimizer.gradientNorm(0.25)).toBeCloseTo(0.25 * Math.sqrt(squares), 6);
    gradients[0] = Number.NaN;
    expect(await optimizer.gradientNorm(1)).toBeNaN();
    gradients[0] = Number.POSITIVE_INFINITY;
    expect(await optimizer.gradientNorm(1)).toBe(Number.POSITIVE_INFINITY);
  });

  test("does not change the gradients", async () => {
    const { state, optimizer } = await create();
    state.gradients.memory!.fill(0.5);
    await optimizer.gradientNorm(0.1);
    await optimizer.update({ step: 1, learningRate: 0.1, weightDecay, gradientScale: 0.1 });
    expect(state.gradients.memory!.every((value) => value === 0.5)).toBe(true);
  });
});
