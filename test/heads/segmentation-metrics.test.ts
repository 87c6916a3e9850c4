// Intersection over union against counts by hand, and masks as classes of patches and back.
import { expect, test } from "vitest";
import { IGNORED, patchClasses, pixelClasses, SegmentationCounts } from "#src/heads/segmentation-metrics.js";

test("the mean is over classes that are in a mask or predicted, and ignored pixels count for nothing", () => {
  const counts = new SegmentationCounts(["background", "cat", "dog", "bird"]);
  counts.add([0, 0, 1, 1], [0, 1, 1, IGNORED]);
  counts.add([2, 0], [1, 0]);
  // background: 2 right, 2 in masks, 3 predicted: 2/3. cat: 1 right, 3 in masks, 1 predicted: 1/3. dog: 0 of 1. bird: -.
  const { meanIou, pixelAccuracy, perClass } = counts.result();
  expect(perClass.map(({ iou }) => iou)).toEqual([2 / 3, 1 / 3, 0, null]);
  expect(perClass.map(({ pixels }) => pixels)).toEqual([2, 3, 0, 0]);
  expect(meanIou).toBeCloseTo(1 / 3, 12);
  expect(pixelAccuracy).toBeCloseTo(3 / 5, 12);
});

test("a patch has its commonest class, the lowest of equals, and none where all of it is ignored", () => {
  const mask = Uint8Array.of(
    ...[1, 1, 0, 2],
    ...[1, 0, 0, 2],
    ...[IGNORED, IGNORED, IGNORED, 3],
    ...[IGNORED, IGNORED, IGNORED, IGNORED],
  );
  const classes = patchClasses(mask, { imageSize: 4, patchSize: 2 });
  expect([...classes]).toEqual([1, 0, IGNORED, 3]);
  expect([...pixelClasses([1, 0, 2, 3], { imageSize: 4, patchSize: 2 })]).toEqual([
    1, 1, 0, 0, 1, 1, 0, 0, 2, 2, 3, 3, 2, 2, 3, 3,
  ]);
  const wide = { imageSize: [2, 4], patchSize: 2 } as const;
  expect([...patchClasses(mask.subarray(0, 8), wide)]).toEqual([1, 0]);
  expect([...pixelClasses([1, 0], wide)]).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
});
