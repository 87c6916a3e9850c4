// LARS against values computed by hand, and against a direct computation over several steps and groups.
import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { type LarsGroup, LarsOptimizer, type LarsOptions } from "#src/optim/lars.js";
import { viewsOf } from "../engine/host-memory.js";

const engine = openEngine({ threads: 1 });
const adapted: LarsGroup = { adapted: true };
const plain: LarsGroup = { adapted: false };

async function prepare(tensors: readonly { name: string; shape: number[]; group: LarsGroup }[], options: LarsOptions) {
  const state = {
    parameters: await engine.allocate(tensors),
    gradients: await engine.allocate(tensors),
    momenta: await engine.allocate(tensors),
  };
  return {
    optimizer: await LarsOptimizer.create(engine, state, options),
    values: viewsOf(state.parameters),
    gradients: viewsOf(state.gradients),
    momenta: viewsOf(state.momenta),
  };
}

describe("by hand", () => {
  const weight = { name: "weight", shape: [2, 1], group: adapted };
  const bias = { name: "bias", shape: [2], group: plain };

  test("a weight moves by a share of its length along the gradient; a bias by the gradient", async () => {
    const options = { momentum: 0.9, weightDecay: 0, trustCoefficient: 0.1 };
    const { optimizer, values, gradients } = await prepare([weight, bias], options);
    values.weight!.set([3, 4]);
    values.bias!.set([1, 1]);
    gradients.weight!.set([0, 20]);
    gradients.bias!.set([2, 0]);
    // |p| = 5, |g| = 20: the gradient is scaled by 0.1 x 5 / 20 = 0.025 to [0, 0.5]; then a learning rate of 2.
    await optimizer.update(2);
    expect([...values.weight!]).toEqual([3, 3]);
    expect([...values.bias!]).toEqual([-3, 1]);
    // |p| = sqrt(18): the scaled gradient is 0.1 x sqrt(18), and 0.9 of the last momentum 0.5 is left.
    await optimizer.update(1);
    expect(values.weight![0]).toBe(3);
    expect(values.weight![1]).toBeCloseTo(3 - (0.45 + 0.1 * Math.sqrt(18)), 6);
    expect(values.bias![0]).toBeCloseTo(-3 - (0.9 * 2 + 2), 6);
  });

  test("weight decay joins the gradient before its length is taken, for weights alone", async () => {
    const options = { momentum: 0, weightDecay: 0.5, trustCoefficient: 1 };
    const { optimizer, values, gradients } = await prepare([weight, bias], options);
    values.weight!.set([6, 8]);
    values.bias!.set([6, 8]);
    gradients.weight!.set([1, -4]);
    gradients.bias!.set([1, -4]);
    // g + 0.5 p = [4, 0], of length 4; |p| = 10.
    await optimizer.update(0.1);
    expect(values.weight![0]).toBeCloseTo(6 - 0.1 * 10, 6);
    expect(values.weight![1]).toBeCloseTo(8, 6);
    expect([...values.bias!].map((value) => value.toFixed(5))).toEqual(["5.90000", "8.40000"]);
  });

  test("weights or gradients of zeros are not adapted, so that a weight can leave zero", async () => {
    const { optimizer, values, gradients } = await prepare([weight], {
      momentum: 0,
      weightDecay: 0,
      trustCoefficient: 0.001,
    });
    gradients.weight!.set([1, -2]);
    await optimizer.update(0.5);
    expect([...values.weight!]).toEqual([-0.5, 1]);
    gradients.weight!.fill(0);
    await optimizer.update(0.5);
    expect([...values.weight!]).toEqual([-0.5, 1]);
  });
});

test("with a trust coefficient of 0 it is plain momentum", async () => {
  const options = { momentum: 0.5, weightDecay: 0, trustCoefficient: 0 };
  const { optimizer, values, gradients, momenta } = await prepare(
    [{ name: "w", shape: [3, 1], group: adapted }],
    options,
  );
  gradients.w!.set([1, 2, 4]);
  for (let step = 0; step < 3; step++) await optimizer.update(1);
  expect([...momenta.w!]).toEqual([1.75, 3.5, 7]);
  expect([...values.w!]).toEqual([-4.25, -8.5, -17]);
});

test("many tensors of both groups over ten steps agree with a direct computation", async () => {
  const options = { momentum: 0.9, weightDecay: 0.01, trustCoefficient: 0.02 };
  const shapes = { a: [5, 7], b: [7], c: [40, 3], d: [5, 7], e: [33] };
  const tensors = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    group: shape.length > 1 ? adapted : plain,
  }));
  const { optimizer, values, gradients } = await prepare(tensors, options);
  const expected = Object.fromEntries(
    Object.entries(values).map(([name, view]) => {
      view.set(view.map((_, i) => Math.sin(i + name.charCodeAt(0))));
      return [name, { p: Float64Array.from(view), m: new Float64Array(view.length) }];
    }),
  );
  for (let step = 1; step <= 10; step++) {
    for (const [name, { p, m }] of Object.entries(expected)) {
      const isAdapted = shapes[name as keyof typeof shapes].length > 1;
      const g = gradients[name]!.map((_, i) => Math.cos(step * (i + 1)) + 0.1 * p[i]!);
      gradients[name]!.set(g);
      const d = Float64Array.from(gradients[name]!, (value, i) => value + (isAdapted ? 0.01 * p[i]! : 0));
      const ratio = isAdapted ? (0.02 * Math.hypot(...p)) / Math.hypot(...d) : 1;
      for (let i = 0; i < p.length; i++) {
        m[i] = 0.9 * m[i]! + ratio * d[i]!;
        p[i]! -= 0.3 * m[i]!;
      }
    }
    await optimizer.update(0.3);
  }
  for (const [name, { p }] of Object.entries(expected)) {
    for (let i = 0; i < p.length; i++)
      expect(Math.abs(values[name]![i]! - p[i]!)).toBeLessThan(1e-4 * (1 + Math.abs(p[i]!)));
  }
});
