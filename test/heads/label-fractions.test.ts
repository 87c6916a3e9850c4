// Shares of the labels: alike for every class, fixed by the seed, one inside the other.
import fc from "fast-check";
import { expect, test } from "vitest";
import { stratifiedFraction, stratifiedSplit } from "#src/heads/label-fractions.js";

const labels = Int32Array.from({ length: 1000 }, (_, place) => (place % 10 === 0 ? 2 : place % 2));

function counts(places: Int32Array): number[] {
  return [0, 1, 2].map((label) => places.filter((place) => labels[place] === label).length);
}

test("takes the same share of every class", () => {
  expect(counts(stratifiedFraction(labels, 1, 0))).toEqual([400, 500, 100]);
  expect(counts(stratifiedFraction(labels, 0.1, 0))).toEqual([40, 50, 10]);
  expect(counts(stratifiedFraction(labels, 0.001, 0))).toEqual([1, 1, 1]);
});

test("is fixed by the seed, ascending, without repeats, and grows by adding", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 1000 }),
      (list, a, b, seed) => {
        const [small, large] = [
          stratifiedFraction(list, Math.min(a, b), seed),
          stratifiedFraction(list, Math.max(a, b), seed),
        ];
        expect([...small]).toEqual([...stratifiedFraction(list, Math.min(a, b), seed)]);
        expect([...new Set(large)].sort((x, y) => x - y)).toEqual([...large]);
        expect([...small].every((place) => large.includes(place))).toBe(true);
        expect(new Set([...small].map((place) => list[place]))).toEqual(new Set(list));
      },
    ),
    { numRuns: 200 },
  );
  expect([...stratifiedFraction(labels, 0.1, 1)]).not.toEqual([...stratifiedFraction(labels, 0.1, 2)]);
});

test("refuses a share that is none", () => {
  for (const fraction of [0, -1, 1.1, Number.NaN]) {
    expect(() => stratifiedFraction(labels, fraction, 0)).toThrow(/above 0 and at most 1, but it is/);
  }
});

test("a share is held out of every class, and of none all", () => {
  const { kept, heldOut } = stratifiedSplit(labels, 0.2, 0);
  expect([counts(kept), counts(heldOut)]).toEqual([
    [320, 400, 80],
    [80, 100, 20],
  ]);
  expect(stratifiedSplit([0, 0, 1], 0.99, 0).kept).toHaveLength(2);
  expect([...stratifiedSplit([0, 0, 1], 0.01, 0).kept]).toContain(2);
  expect(() => stratifiedSplit(labels, 1, 0)).toThrow(/above 0 and below 1, but it is 1/);
});

test("what is held out is fixed by the seed, apart from what is kept, and grows by adding", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.integer({ min: 0, max: 1000 }),
      (list, a, b, seed) => {
        const small = stratifiedSplit(list, Math.min(a, b), seed);
        const large = stratifiedSplit(list, Math.max(a, b), seed);
        expect(stratifiedSplit(list, Math.min(a, b), seed)).toEqual(small);
        expect([...small.kept, ...small.heldOut].sort((x, y) => x - y)).toEqual([...list.keys()]);
        expect([...small.heldOut].every((place) => large.heldOut.includes(place))).toBe(true);
        expect(new Set([...large.kept].map((place) => list[place]))).toEqual(new Set(list));
      },
    ),
    { numRuns: 200 },
  );
  expect(stratifiedSplit(labels, 0.1, 1)).not.toEqual(stratifiedSplit(labels, 0.1, 2));
});
