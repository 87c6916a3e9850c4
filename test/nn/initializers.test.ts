// How parameters start: bounds, moments, and which weights count as one matrix.
import { describe, expect, test } from "vitest";
import { attention } from "#src/nn/attention.js";
import { encoder } from "#src/nn/encoder.js";
import { type Initializer, normal, ones, uniform, xavierUniform, zeros } from "#src/nn/initializers.js";
import { layerNorm, linear } from "#src/nn/layers.js";
import { type Parameter, ParameterScope } from "#src/nn/parameters.js";
import { modelPresets } from "#src/nn/presets.js";
import { randomStream } from "#src/random/index.js";

const draw = (initialize: Initializer, shape: readonly number[], seed = 1) =>
  initialize(shape, randomStream(seed, "weights", 0, 0));
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: Float32Array) => {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length);
};

/** Uniform values fill their range: none outside, the extremes near the bound, the deviation that of the uniform law. */
function expectUniform(values: Float32Array, bound: number): void {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
  expect(largest).toBeGreaterThan(0.99 * bound);
  expect(Math.abs(mean(values))).toBeLessThan((4 * bound) / Math.sqrt(3 * values.length));
  expect(deviation(values)).toBeCloseTo(bound / Math.sqrt(3), 2);
}

test("zeros and ones", () => {
  expect(draw(zeros, [2, 2])).toEqual(new Float32Array(4));
  expect(draw(ones, [3])).toEqual(Float32Array.of(1, 1, 1));
});

test("the normal distribution has mean 0 and the deviation asked for", () => {
  const values = draw(normal(0.02), [100, 200]);
  expect(Math.abs(mean(values))).toBeLessThan((4 * 0.02) / Math.sqrt(values.length));
  expect(deviation(values)).toBeGreaterThan(0.0195);
  expect(deviation(values)).toBeLessThan(0.0205);
});

test("the uniform distribution fills its range", () => {
  expectUniform(draw(uniform(0.5), [5000]), 0.5);
});

test("the same stream gives the same values, another seed others", () => {
  for (const initialize of [normal(1), uniform(1), xavierUniform]) {
    expect(draw(initialize, [7, 5])).toEqual(draw(initialize, [7, 5]));
    expect(draw(initialize, [7, 5], 2)).not.toEqual(draw(initialize, [7, 5]));
  }
});

describe("Xavier's bound is sqrt(6 / (fan-in + fan-out))", () => {
  const parametersOf = (build: (scope: ParameterScope) => void): Record<string, Parameter> => {
    const scope = new ParameterScope();
    build(scope);
    return Object.fromEntries(scope.parameters.map((parameter) => [parameter.name, parameter]));
  };
  const valuesOf = ({ tensor, initialize }: Parameter) => draw(initialize, tensor.shape);

  test("of a linear map, whose bias is zero", () => {
    const { weight, bias } = parametersOf((scope) => linear(scope, 60, 40));
    expect(weight!.tensor.shape).toEqual([40, 60]);
    expectUniform(valuesOf(weight!), Math.sqrt(6 / 100));
    expect(valuesOf(bias!)).toEqual(new Float32Array(40));
  });

  test("of the fused qkv, which is one matrix: its fan-out is three widths", () => {
    const parameters = parametersOf((scope) => attention(scope, 48, 4));
    expect(parameters["qkv.weight"]!.tensor.shape).toEqual([144, 48]);
    expectUniform(valuesOf(parameters["qkv.weight"]!), Math.sqrt(6 / (48 + 144)));
    expectUniform(valuesOf(parameters["proj.weight"]!), Math.sqrt(6 / (48 + 48)));
    expect(valuesOf(parameters["qkv.bias"]!)).toEqual(new Float32Array(144));
  });

  test("of the patch embedding as a matrix, whose bias keeps the bound of a convolution", () => {
    const parameters = parametersOf((scope) => encoder(scope, { ...modelPresets.micro, width: 512, depth: 0 }));
    const weight = parameters["patch_embed.proj.weight"]!;
    expect(weight.tensor.shape).toEqual([512, 3, 4, 4]);
    expectUniform(valuesOf(weight), Math.sqrt(6 / (48 + 512)));
    expectUniform(valuesOf(parameters["patch_embed.proj.bias"]!), 1 / Math.sqrt(48));
    const cls = valuesOf(parameters.cls_token!);
    expect(deviation(cls)).toBeCloseTo(0.02, 2);
    expect(deviation(cls)).toBeGreaterThan(0.015);
  });

  test("a norm starts as the identity", () => {
    const { weight, bias } = parametersOf((scope) => layerNorm(scope, 8));
    expect(valuesOf(weight!)).toEqual(new Float32Array(8).fill(1));
    expect(valuesOf(bias!)).toEqual(new Float32Array(8));
  });
});
