// What a picture shows of images of other than three channels.
import { expect, test } from "vitest";
import { shownChannels } from "#src/pictures/shown-channels.js";

test("one channel, and the first of two, is grey; of four and more the first three are the colours", () => {
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  expect([...shownChannels(pixels.subarray(0, 2), 1)]).toEqual([1, 1, 1, 2, 2, 2]);
  expect([...shownChannels(pixels.subarray(0, 4), 2)]).toEqual([1, 1, 1, 3, 3, 3]);
  expect(shownChannels(pixels, 3)).toBe(pixels);
  expect([...shownChannels(pixels, 4)]).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11]);
  expect([...shownChannels(pixels, 6)]).toEqual([1, 2, 3, 7, 8, 9]);
});
