// The reconstruction target and loss.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { reconstructionLoss, reconstructionTarget } from "#src/methods/reconstruction.js";
import { distance, evaluate, randomValues } from "../nn/evaluate.js";

describe("reconstructionTarget", () => {
  test("normalises a patch by its own mean and unbiased variance, 1e-6 inside the root", async () => {
    const [patches, batch, n] = [3, 2, 12];
    const pixels = randomValues("pixels", patches * batch * n, 1, 0.002);
    const target = reconstructionTarget(input("pixels", [patches, batch, n]), true);
    const found = await evaluate({ target }, { pixels });
    const wanted: number[] = [];
    for (let row = 0; row < patches * batch; row++) {
      const patch = Array.from(pixels.subarray(row * n, (row + 1) * n));
      const mean = patch.reduce((sum, value) => sum + value, 0) / n;
      const variance = patch.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
      wanted.push(...patch.map((value) => (value - mean) / Math.sqrt(variance + 1e-6)));
    }
    expect(distance(found.target, wanted)).toBeLessThan(1e-4);
    // The deviation is about 0.002, so that the epsilon matters: without it the values would be a tenth larger.
    const variance = wanted.slice(0, n).reduce((sum, value) => sum + value * value, 0) / (n - 1);
    expect(variance).toBeLessThan(0.95);
  });

  test("a patch of one colour becomes zeros, not NaN", async () => {
    const target = reconstructionTarget(input("pixels", [1, 1, 4]), true);
    expect((await evaluate({ target }, { pixels: Float32Array.of(7, 7, 7, 7) })).target).toEqual([0, 0, 0, 0]);
  });

  test("is the pixels themselves where it is switched off", () => {
    const pixels = input("pixels", [2, 1, 4]);
    expect(reconstructionTarget(pixels, false)).toBe(pixels);
  });
});

describe("reconstructionLoss", () => {
  const cases = fc.record({
    patches: fc.integer({ min: 1, max: 6 }),
    batch: fc.integer({ min: 1, max: 4 }),
    n: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(1000),
  });

  test("is the mean squared error of hidden patches, and nothing that is predicted elsewhere changes it", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ patches, batch, n, seed }) => {
        const size = patches * batch * n;
        const [prediction, target] = [randomValues("prediction", size, seed), randomValues("target", size, seed)];
        const hidden = Uint8Array.from(randomValues("hidden", patches * batch, seed), (value) => Number(value > 0));
        hidden[seed % hidden.length] = 1;
        const hiddenCount = hidden.reduce((sum, flag) => sum + flag, 0);
        const loss = reconstructionLoss(
          input("prediction", [patches, batch, n]),
          input("target", [patches, batch, n]),
          input("hidden", [patches, batch], "bool"),
          hiddenCount,
        );
        const found = await evaluate({ loss }, { prediction, target, hidden });
        const squares = prediction.map((value, place) =>
          hidden[Math.floor(place / n)] === 1 ? (value - target[place]!) ** 2 : 0,
        );
        const wanted = squares.reduce((sum, value) => sum + value, 0) / (hiddenCount * n);
        expect(distance(found.loss, [wanted])).toBeLessThan(1e-5);

        const other = prediction.map((value, place) => (hidden[Math.floor(place / n)] === 1 ? value : value * -50 + 7));
        expect((await evaluate({ loss }, { prediction: other, target, hidden })).loss).toEqual(found.loss);
      }),
      { numRuns: 20 },
    ));
});
