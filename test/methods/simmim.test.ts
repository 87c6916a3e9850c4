// SimMIM: what is hidden, what the encoder sees of it, and what the loss counts.
import { describe, expect, test } from "vitest";
import { configKeys, layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { ConfigError } from "#src/config/errors.js";
import { createMethod } from "#src/methods/registry.js";
import { modelPresets, patchGrid } from "#src/nn/presets.js";
import { randomStream } from "#src/random/index.js";
import { changePatches, patchesPerImage, prepareMethod, tinyShape, type Values } from "./prepared-method.js";

const batch = 3;
const choice = { name: "simmim", options: { maskRatio: 0.5, maskUnit: 2 } } as const;
const isHidden = ({ plan }: Values, image: number, patch: number) => plan[image * patchesPerImage + patch] === 1;

describe("the plan", () => {
  test.each([
    [tinyShape, { maskRatio: 0.5, maskUnit: 2 }, 2, 8],
    [tinyShape, { maskRatio: 0.6, maskUnit: 1 }, 1, 10],
    [modelPresets.base, { maskRatio: 0.6, maskUnit: 2 }, 2, 4 * 30],
    [{ ...tinyShape, imageSize: [8, 16] as const }, { maskRatio: 0.5, maskUnit: 2 }, 2, 16],
  ])("hides whole units, as many in each image (%#)", (shape, options, unit, count) => {
    const task = createMethod({ name: "simmim", options }, shape);
    const { columns } = patchGrid(shape);
    const rows = Array.from({ length: 20 }, (_, row) => task.drawPlanRow(randomStream(1, "plan", 0, row), 1));
    for (const row of rows) {
      expect(row.reduce((sum, hidden) => sum + hidden, 0)).toBe(count);
      for (const [patch, hidden] of row.entries()) {
        const corner = (place: number) => Math.floor(place / unit) * unit;
        expect(row[corner(Math.floor(patch / columns)) * columns + corner(patch % columns)]).toBe(hidden);
      }
      expect([...task.shownPatches(row, 0)]).toEqual([...row].map((hidden) => (hidden === 1 ? -1 : 0)));
    }
    expect(new Set(rows.map(String)).size).toBeGreaterThan(1);
  });
});

test("what is hidden changes no prediction, and what is seen does; the loss counts the hidden pixels alone", async () => {
  const { start, reconstruct } = await prepareMethod(choice, batch);
  const { prediction, loss } = await reconstruct(start);
  const hidden = changePatches(start.images, (image, patch) => isHidden(start, image, patch));
  const changed = await reconstruct({ ...start, images: hidden });
  expect(changed.prediction).toEqual(prediction);
  expect(changed.loss).not.toBe(loss);
  const seen = changePatches(start.images, (image, patch) => !isHidden(start, image, patch));
  expect((await reconstruct({ ...start, images: seen })).prediction).not.toEqual(prediction);

  const { imageSize, patchSize } = tinyShape;
  const grid = imageSize / patchSize;
  let [sum, count] = [0, 0];
  for (let image = 0; image < batch; image++) {
    for (let y = 0; y < imageSize; y++) {
      for (let x = 0; x < imageSize; x++) {
        const patch = Math.floor(y / patchSize) * grid + Math.floor(x / patchSize);
        if (!isHidden(start, image, patch)) continue;
        for (let channel = 0; channel < 3; channel++) {
          const within = ((y % patchSize) * patchSize + (x % patchSize)) * 3 + channel;
          const predicted = prediction[(image * patchesPerImage + patch) * patchSize ** 2 * 3 + within]!;
          sum += Math.abs(predicted - start.images[((image * imageSize + y) * imageSize + x) * 3 + channel]!);
          count += 1;
        }
      }
    }
  }
  expect(loss).toBeCloseTo(sum / count, 5);
});

describe("a configuration", () => {
  const configOf = (...assignments: readonly string[]) =>
    resolveConfig([layerFromAssignments(["source=/images", "method=simmim", ...assignments])]);

  test("has mask units of 32 pixels from 192 on, below that of a sixth of the side", () => {
    expect(configOf("model.preset=base").methodOptions).toEqual({ maskRatio: 0.6, maskUnit: 2 });
    expect(configOf("model.imageSize=192", "model.patchSize=8").methodOptions).toMatchObject({ maskUnit: 4 });
    expect(configOf("model.preset=micro").methodOptions).toMatchObject({ maskUnit: 1 });
    expect(configOf("model.imageSize=96", "model.patchSize=4").methodOptions).toMatchObject({ maskUnit: 4 });
    expect(configOf("methodOptions.maskUnit=3").methodOptions).toMatchObject({ maskUnit: 3 });
    const key = configKeys("simmim").find(({ path }) => path === "methodOptions.maskUnit");
    expect(key?.default).toBe("derived");
  });

  test("that hides everything is refused", () => {
    expect(() => configOf("methodOptions.maskUnit=8")).toThrow(ConfigError);
    expect(() => configOf("methodOptions.maskUnit=8")).toThrow(/maskRatio: expected a share that leaves at least 1/);
  });
});
