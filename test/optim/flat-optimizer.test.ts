// AdamW over flat buffers against a direct computation, its groups, and the global norm.
import { describe, expect, test } from "vitest";
import { FlatLayout } from "#src/engine/index.js";
import { FlatOptimizer, type FlatState, type ParameterGroup } from "#src/optim/flat-optimizer.js";
import { adamwReference, relativeDistance } from "./reference.js";

const CHUNK = 32;
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
  const layout = new FlatLayout(tensors, CHUNK);
  const state: FlatState = {
    parameters: layout.allocate(),
    gradients: layout.allocate(),
    means: layout.allocate(),
    squares: layout.allocate(),
  };
  const optimizer = await FlatOptimizer.create(layout, state, options, { threads: 1 });
  return { layout, state, optimizer };
}

const gradientAt = (step: number, name: string, size: number) =>
  Float32Array.from(
    { length: size },
    (_, index) => Math.sin(step * 7 + index * 1.3 + name.length) * 10 ** -(index % 4),
  );

describe("FlatOptimizer", () => {
  test("equals AdamW as it is written, over several steps, each group with its own rate and decay", async () => {
    const { layout, state, optimizer } = await create();
    const views = layout.views(state.parameters);
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
        layout.views(state.gradients)[name]!.set(gradient);
        const scaled = Array.from(gradient, (value) => value * gradientScale);
        adamwReference(references[index]!, scaled, step, {
          ...options,
          learningRate: learningRate * group.learningRateScale,
          weightDecay: group.decays ? weightDecay : 0,
        });
      }
      await optimizer.update({ step, learningRate, weightDecay, gradientScale });
      for (const [index, { name }] of tensors.entries()) {
        const of = (buffer: Float32Array) => layout.views(buffer)[name]!;
        const { parameters, means, squares } = references[index]!;
        expect(relativeDistance(of(state.parameters), parameters), `${name}, step ${step}`).toBeLessThan(1e-6);
        expect(relativeDistance(of(state.means), means), `mean of ${name}, step ${step}`).toBeLessThan(1e-6);
        expect(relativeDistance(of(state.squares), squares), `square of ${name}, step ${step}`).toBeLessThan(1e-6);
      }
    }
  });

  test("keeps the padding between tensors at zero", async () => {
    const { layout, state, optimizer } = await create();
    for (const { name, size } of layout.entries) {
      layout.views(state.gradients)[name]!.set(gradientAt(1, name, size));
      layout.views(state.parameters)[name]!.fill(1);
    }
    for (let step = 1; step <= 3; step++)
      await optimizer.update({ step, learningRate: 0.1, weightDecay, gradientScale: 1 });
    const isTensor = layout.allocate();
    for (const view of Object.values(layout.views(isTensor))) view.fill(1);
    for (const buffer of Object.values(state)) {
      expect([...buffer].filter((value, index) => isTensor[index] === 0 && value !== 0)).toEqual([]);
    }
  });

  test("decays the parameters of a group even where the gradient is zero, and those of another not at all", async () => {
    const { layout, state, optimizer } = await create();
    state.parameters.fill(2);
    await optimizer.update({ step: 1, learningRate: 0.5, weightDecay, gradientScale: 1 });
    const views = layout.views(state.parameters);
    expect(views.weight!.every((value) => value === Math.fround(2 * Math.fround(1 - 0.5 * 0.05)))).toBe(true);
    expect(views.bias!.every((value) => value === 2)).toBe(true);
  });

  test("measures the global norm of all gradients, scaled", async () => {
    const { state, layout, optimizer } = await create();
    for (const { name, size } of layout.entries) layout.views(state.gradients)[name]!.set(gradientAt(2, name, size));
    const squares = [...state.gradients].reduce((sum, value) => sum + value * value, 0);
    expect(await optimizer.gradientNorm(0.25)).toBeCloseTo(0.25 * Math.sqrt(squares), 6);
    state.gradients[0] = Number.NaN;
    expect(await optimizer.gradientNorm(1)).toBeNaN();
    state.gradients[0] = Number.POSITIVE_INFINITY;
    expect(await optimizer.gradientNorm(1)).toBe(Number.POSITIVE_INFINITY);
  });

  test("does not change the gradients", async () => {
    const { state, optimizer } = await create();
    state.gradients.fill(0.5);
    await optimizer.gradientNorm(0.1);
    await optimizer.update({ step: 1, learningRate: 0.1, weightDecay, gradientScale: 0.1 });
    expect(state.gradients.every((value) => value === 0.5)).toBe(true);
  });
});
