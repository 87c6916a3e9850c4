// Gradients of whole methods against finite differences of their losses, in float32.
import { expect, test } from "vitest";
import { mixedAeDefaults } from "#src/methods/mixed-ae-options.js";
import type { MethodChoice } from "#src/methods/registry.js";
import { prepareMethod, type Values } from "./prepared-method.js";

const cases: readonly (readonly [string, MethodChoice])[] = [
  ["MAE", { name: "mae", options: { maskRatio: 0.75, normPixels: true } }],
  ["MixedAE", { name: "mixedae", options: { ...mixedAeDefaults, contrastiveWeight: 1 } }],
  [
    "MixedAE in full mode with everything switched on",
    {
      name: "mixedae",
      options: { ...mixedAeDefaults, mode: "full", decoderSegmentEmbedding: true, projectionHead: true },
    },
  ],
];

/** Rounding in float32 is about 1e-7 of the loss, so that steps must not be much smaller. */
const STEP = 1e-3;

test.each(cases)("%s: the loss changes along each parameter's gradient as the gradient says", async (_, choice) => {
  const { start, differentiate } = await prepareMethod(choice, 8, 3);
  const { gradients } = await differentiate(start);
  const names = Object.keys(gradients);
  let compared = 0;
  for (const name of names) {
    const gradient = gradients[name]!;
    const norm = Math.hypot(...gradient);
    // Too small to be told from rounding: the norm of the whole gradient is about 1.
    if (norm < 0.02) continue;
    const slope = async (step: number) => {
      const moved = (by: number): Values => {
        const weights = start.weights[name]!.map((value, i) => value + (by * gradient[i]!) / norm);
        return { ...start, weights: { ...start.weights, [name]: weights } };
      };
      return ((await differentiate(moved(step))).loss - (await differentiate(moved(-step))).loss) / (2 * step);
    };
    const [wide, narrow] = [await slope(STEP), await slope(STEP / 2)];
    // The loss jumps where the top keys of a query change: the narrow slope then errs by twice what the two differ by.
    if (Math.abs(wide - narrow) > 0.015 * norm) continue;
    expect(Math.abs(narrow / norm - 1), `${name}: ${narrow} for a gradient of ${norm}`).toBeLessThan(0.03);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(0.9 * names.length);
});
