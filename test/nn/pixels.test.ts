// Stored bytes become normalised pixels, channel by channel.
import { expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { normalizePixels } from "#src/nn/pixels.js";
import { distance, evaluate } from "./evaluate.js";

const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

test("subtracts the mean and divides by the deviation of each channel", async () => {
  const images = Uint8Array.from({ length: 2 * 3 * 4 * 3 }, (_, i) => (i * 37) % 256);
  const pixels = normalizePixels(input("images", [2, 3, 4, 3], "uint8"), imageNet);
  expect([pixels.shape, pixels.dtype]).toEqual([[2, 3, 4, 3], "float32"]);
  const result = await evaluate({ pixels }, { images });
  const wanted = Array.from(images, (byte, i) => (byte / 255 - imageNet.mean[i % 3]!) / imageNet.std[i % 3]!);
  expect(distance(result.pixels, wanted)).toBeLessThan(1e-6);
});

test("black and white have the known values of ImageNet's statistics", async () => {
  const pixels = normalizePixels(input("images", [2, 3], "uint8"), imageNet);
  const result = await evaluate({ pixels }, { images: Uint8Array.of(0, 0, 0, 255, 255, 255) });
  const wanted = [-2.1179039, -2.0357144, -1.8044444, 2.2489083, 2.4285715, 2.64];
  expect(distance(result.pixels, wanted)).toBeLessThan(1e-6);
});
