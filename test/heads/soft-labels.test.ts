// Mixup, cutmix and label smoothing: what is drawn, and what targets follow.
import { expect, test } from "vitest";
import { drawMixture, ownShares, softTargets } from "#src/heads/soft-labels.js";
import { randomStream } from "#src/random/index.js";

const draws = (mixup: number, cutmix: number, count = 600) =>
  Array.from({ length: count }, (_, step) =>
    drawMixture(randomStream(1, "mixture", 0, step), { labelSmoothing: 0, mixup, cutmix }, 20),
  );

test("nothing is mixed where neither is wanted, and one kind alone where one is", () => {
  expect(new Set(draws(0, 0, 20))).toEqual(new Set([undefined]));
  expect(draws(0.8, 0, 50).every((mixture) => mixture!.box === undefined)).toBe(true);
  expect(draws(0, 1, 50).every((mixture) => mixture!.box !== undefined)).toBe(true);
});

test("both kinds come half of the time, and shares spread over 0 to 1", () => {
  const mixtures = draws(0.8, 1).map((mixture) => mixture!);
  const cut = mixtures.filter(({ box }) => box !== undefined);
  expect(cut.length / mixtures.length).toBeCloseTo(0.5, 1);
  const blended = mixtures.filter(({ box }) => box === undefined).map(({ share }) => share);
  expect(blended.reduce((sum, share) => sum + share, 0) / blended.length).toBeCloseTo(0.5, 1);
  expect(Math.min(...blended)).toBeLessThan(0.05);
  expect(Math.max(...blended)).toBeGreaterThan(0.95);
});

test("a cutmix share is that of the pixels outside of its rectangle, which lies in the image", () => {
  for (const mixture of draws(0, 1, 200)) {
    const { box, share } = mixture!;
    expect(box!.top).toBeGreaterThanOrEqual(0);
    expect(box!.bottom).toBeLessThanOrEqual(20);
    const shares = ownShares(mixture!, 20);
    expect(shares.reduce((sum, value) => sum + value, 0) / 400).toBeCloseTo(share, 6);
    for (const [place, value] of shares.entries()) {
      const [row, column] = [Math.floor(place / 20), place % 20];
      const inside = row >= box!.top && row < box!.bottom && column >= box!.left && column < box!.right;
      expect(value).toBe(inside ? 0 : 1);
    }
  }
  expect([...ownShares({ share: 0.25 }, 2)]).toEqual([0.25, 0.25, 0.25, 0.25]);
});

test("targets share the label between both images after smoothing", () => {
  const targets = softTargets([0, 2], [1, 2], 0.75, 4, 0.2);
  // 0.2 / 4 for every class; 0.8 to the labels.
  const wanted = [0.05 + 0.6, 0.05 + 0.2, 0.05, 0.05, 0.05, 0.05, 0.05 + 0.8, 0.05];
  for (const [place, value] of wanted.entries()) expect(targets[place]).toBeCloseTo(value, 6);
  expect([...softTargets([1], [0], 1, 3, 0)]).toEqual([0, 1, 0]);
});
