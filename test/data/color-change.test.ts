// Colour jitter: Pillow's enhancers to within one step of rounding, and hue as a turn of the colour circle.

import { expect, test } from "vitest";
import { changeColor } from "#src/data/color-change.js";

const source = [200, 100, 50, 10, 20, 30, 0, 255, 128, 90, 90, 90];
const none = { order: [0, 1, 2, 3], brightness: 1, contrast: 1, saturation: 1, hue: 0 };

function changed(change: Partial<typeof none>, pixels = source): number[] {
  const bytes = Uint8Array.from(pixels);
  changeColor(bytes, { ...none, ...change });
  return [...bytes];
}

test.each([
  ["brightness", { brightness: 1.3 }, [255, 130, 65, 13, 26, 39, 0, 255, 166, 116, 116, 116]],
  ["contrast", { contrast: 0.6 }, [159, 99, 69, 45, 51, 57, 39, 192, 116, 93, 93, 93]],
  ["saturation", { saturation: 1.5 }, [238, 88, 13, 6, 21, 36, 0, 255, 110, 90, 90, 90]],
])("%s agrees with Pillow", (_, change, expected) => {
  const result = changed(change);
  for (const [i, value] of result.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1);
});

test("nothing changes with neutral factors", () => {
  expect(changed({})).toEqual(source);
});

test("a third of a turn moves red to green to blue, and grey stays", () => {
  const third = { hue: 1 / 3 };
  expect(changed(third, [255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90])).toEqual([
    0, 255, 0, 0, 0, 255, 255, 0, 0, 90, 90, 90,
  ]);
});

test("turning there and back gives the colours again", () => {
  const back = changed({ hue: -0.4 }, changed({ hue: 0.4 }));
  for (const [i, value] of back.entries()) expect(Math.abs(value - source[i]!)).toBeLessThanOrEqual(2);
});

test("the order of the steps matters and is kept", () => {
  const both = { brightness: 1.5, contrast: 0.5 };
  expect(changed({ ...both, order: [0, 1, 2, 3] })).not.toEqual(changed({ ...both, order: [1, 0, 2, 3] }));
});
