// The spread of features: 0 for equal directions, 1 - 1/n for n orthogonal ones.
import { expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { featureSpread, unitLength } from "#src/methods/feature-spread.js";
import { evaluate, randomValues } from "../nn/evaluate.js";

async function spreadOf(encoded: Float32Array, shape: readonly [number, number, number]): Promise<number> {
  return (await evaluate({ spread: featureSpread(input("encoded", shape)) }, { encoded })).spread[0]!;
}

test("is 0 where all patches point the same way, whatever their length and CLS", async () => {
  const cls = [5, -3, 0];
  const patches = [1, 2, 3, 4].flatMap((length) => [length, 2 * length, -length]);
  expect(await spreadOf(Float32Array.from([...cls, ...patches]), [5, 1, 3])).toBeCloseTo(0, 6);
});

test("is 1 - 1/n for n orthogonal directions, and 1 where they cancel", async () => {
  const identity = Float32Array.of(9, 9, 9, 1, 0, 0, 0, 1, 0, 0, 0, 1);
  expect(await spreadOf(identity, [4, 1, 3])).toBeCloseTo(2 / 3, 6);
  expect(await spreadOf(Float32Array.of(9, 9, 1, 0, -1, 0), [3, 1, 2])).toBeCloseTo(1, 6);
});

test("follows the formula, averaged over sequences", async () => {
  const [tokens, batch, width] = [6, 3, 4];
  const encoded = randomValues("encoded", tokens * batch * width);
  let wanted = 0;
  for (let image = 0; image < batch; image++) {
    const centre = new Array<number>(width).fill(0);
    for (let token = 1; token < tokens; token++) {
      const row = encoded.subarray((token * batch + image) * width, (token * batch + image + 1) * width);
      const length = Math.hypot(...row);
      for (const [i, value] of row.entries()) centre[i]! += value / length / (tokens - 1);
    }
    wanted += (1 - centre.reduce((sum, value) => sum + value * value, 0)) / batch;
  }
  expect(await spreadOf(encoded, [tokens, batch, width])).toBeCloseTo(wanted, 5);
});

test("a token of zeros stays zero instead of becoming NaN", async () => {
  const found = await evaluate({ unit: unitLength(input("x", [2, 2])) }, { x: Float32Array.of(0, 0, 3, 4) });
  expect(found.unit.map((value) => Number(value.toFixed(6)))).toEqual([0, 0, 0.6, 0.8]);
});
