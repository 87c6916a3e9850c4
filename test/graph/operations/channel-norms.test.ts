// Normalisations of maps against direct computations.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, range, tabulate, total } from "../dense.js";
import { evaluate } from "../evaluate.js";

const EPSILON = 1e-3;
const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.constantFrom(2, 4, 6),
  rows: fc.integer({ min: 1, max: 3 }),
  columns: fc.integer({ min: 2, max: 3 }),
});

/** Each element by mean and biased variance of the elements that `shares` puts it together with. */
function normalized(
  x: Dense,
  weight: Dense,
  bias: Dense,
  shares: (a: readonly number[], b: readonly number[]) => boolean,
): Dense {
  const places = range(x.data.length).map((position) => {
    const [, channels, rows, columns] = x.shape as [number, number, number, number];
    return [
      Math.floor(position / (channels * rows * columns)),
      Math.floor(position / (rows * columns)) % channels,
      Math.floor(position / columns) % rows,
      position % columns,
    ];
  });
  return tabulate(x.shape, (index) => {
    const together = places.filter((place) => shares(place, index)).map((place) => at(x, place));
    const mean = total(together) / together.length;
    const variance = total(together.map((value) => (value - mean) ** 2)) / together.length;
    const scaled = (at(x, index) - mean) / Math.sqrt(variance + EPSILON);
    return scaled * weight.data[index[1]!]! + bias.data[index[1]!]!;
  });
}

const cases: Readonly<Record<string, (channels: number) => (a: readonly number[], b: readonly number[]) => boolean>> = {
  batchNorm: () => (a, b) => a[1] === b[1],
  groupNorm: (channels) => (a, b) =>
    a[0] === b[0] && Math.floor((2 * a[1]!) / channels) === Math.floor((2 * b[1]!) / channels),
  channelNorm: () => (a, b) => a[0] === b[0] && a[2] === b[2] && a[3] === b[3],
};

describe.each(Object.keys(cases))("%s", (name) => {
  testOperation(
    "maps of any size",
    shapes,
    ({ batch, channels, rows, columns }, values) => {
      const x = values.floats([batch, channels, rows, columns]);
      const [weight, bias] = [values.floats([channels], 0.5, 2), values.floats([channels])];
      return operationCase({
        inputs: { x, weight, bias },
        compute: ({ x, weight, bias }) => {
          if (name === "batchNorm") return x.batchNorm(weight, bias, EPSILON).normalized;
          if (name === "groupNorm") return x.groupNorm(2, weight, bias, EPSILON);
          return x.channelNorm(weight, bias, EPSILON);
        },
        expected: normalized(x, weight, bias, cases[name]!(channels)),
      });
    },
    { tolerance: 5e-5 },
  );
});

describe("normalizeChannels", () => {
  testOperation("by given statistics", shapes, ({ batch, channels, rows, columns }, values) => {
    const x = values.floats([batch, channels, rows, columns]);
    const [weight, bias, mean] = [values.floats([channels]), values.floats([channels]), values.floats([channels])];
    const variance = values.floats([channels], 0.5, 2);
    return operationCase({
      inputs: { x, mean, variance, weight, bias },
      compute: (t) => t.x.normalizeChannels(t.mean, t.variance, t.weight, t.bias, EPSILON),
      expected: tabulate(x.shape, (index) => {
        const channel = index[1]!;
        const scaled = (at(x, index) - mean.data[channel]!) / Math.sqrt(variance.data[channel]! + EPSILON);
        return scaled * weight.data[channel]! + bias.data[channel]!;
      }),
    });
  });
});

test("batchNorm says the batch's mean and unbiased variance", async () => {
  const x = input("x", [2, 2, 1, 2], "float64");
  const one = input("one", [2], "float64");
  const { mean, variance } = x.batchNorm(one, one, EPSILON);
  const values = Float64Array.of(1, 2, 10, 20, 3, 6, 30, 60);
  const found = await evaluate({ mean, variance }, { x: values, one: Float64Array.of(1, 1) });
  expect(found.mean).toEqual([3, 30]);
  expect(found.variance.map((value) => Number(value.toPrecision(12)))).toEqual(
    [14 / 3, 1400 / 3].map((value) => Number(value.toPrecision(12))),
  );
});

test("refuse values for another number of channels, and groups that do not divide", () => {
  const [x, two, three] = [input("x", [1, 3, 2, 2]), input("two", [2]), input("three", [3])];
  expect(() => x.batchNorm(two, three, 1)).toThrow(/^batchNorm: takes maps.*found.*"x".*\[2\], \[3\]/);
  expect(() => x.channelNorm(three, two, 1)).toThrow(/^channelNorm: /);
  expect(() => x.normalizeChannels(two, three, three, three, 1)).toThrow(/^normalizeChannels: /);
  expect(() => x.groupNorm(2, three, three, 1)).toThrow(/^groupNorm: 3 channels do not divide into 2 groups/);
});
