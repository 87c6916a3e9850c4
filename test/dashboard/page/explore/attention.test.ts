// What the page makes of the bytes of a mixture: right, wrong and missed, by head and over all of them.
import { describe, expect, test } from "vitest";
import type { ExploredMixture } from "../../../../src/dashboard/api.js";
import { clearest, countsByImage, seenFrom, unpack } from "../../../../src/dashboard/page/explore/attention.js";
import { addressOf, parseRoute } from "../../../../src/dashboard/page/routes.js";

/** Four patches of two images; two heads; the first block keeps all, the second two. */
const all = [255, 200, 100, 50, 1, 255, 2, 3, 1, 1, 255, 1, 9, 8, 7, 255];
const first = [255, 90, 0, 0, 3, 255, 0, 0, 0, 0, 255, 4, 0, 0, 4, 255];
const second = [255, 0, 255, 0, 0, 255, 4, 0, 9, 0, 255, 0, 9, 0, 0, 255];
const base64 = (bytes: readonly number[]) => Buffer.from(bytes).toString("base64");
const block = (keepsTop: boolean, headPrecision: number[], bytes: readonly number[]) => ({
  keepsTop,
  headPrecision,
  precision: 0.5,
  confusion: [],
  attention: base64(bytes),
});

const found = unpack({
  kind: "mixture",
  method: "mixedae",
  step: 1,
  seed: 0,
  segments: true,
  imageSize: { width: 8, height: 8 },
  patchSize: 4,
  heads: 2,
  sources: [0, 0, 1, 1],
  images: ["", ""],
  mixture: "",
  reconstructions: ["", ""],
  normPixels: true,
  blocks: [block(false, [0.4, 0.4], [...all, ...all]), block(true, [1, 0.5], [...first, ...second])],
  methodPrecision: [],
  milliseconds: 1,
} satisfies ExploredMixture);

const verdicts = (...from: readonly [patch: number, block: number, head: number | "all"]) =>
  seenFrom(found, ...from).map(({ verdict }) => verdict);

describe("what a patch is to the one that is looked at", () => {
  test("of one head, what is kept is right or wrong, and what is not may be missed", () => {
    expect(verdicts(0, 1, 0)).toEqual(["self", "right", "other", "other"]);
    expect(verdicts(0, 1, 1)).toEqual(["self", "missed", "wrong", "other"]);
    expect(verdicts(3, 1, 1)).toEqual(["wrong", "other", "missed", "self"]);
  });

  test("of all heads, what at least half of them keep counts, and strength is their mean", () => {
    const seen = seenFrom(found, 0, 1, "all");
    expect(seen.map(({ verdict }) => verdict)).toEqual(["self", "right", "wrong", "other"]);
    expect(seen.map(({ strength }) => strength)).toEqual([1, 90 / 510, 0.5, 0]);
  });

  test("of a block that keeps all, as many count as are of its image, the strongest", () => {
    expect(verdicts(0, 0, 0)).toEqual(["self", "right", "other", "other"]);
    expect(verdicts(3, 0, 0)).toEqual(["wrong", "other", "missed", "self"]);
  });

  test("are counted by image, without the patch itself", () => {
    expect(countsByImage(seenFrom(found, 0, 1, "all"), found.sources)).toEqual([1, 1]);
    expect(countsByImage(seenFrom(found, 0, 1, 0), found.sources)).toEqual([1, 0]);
  });
});

test("recognition is clearest in the head that is right most often", () => {
  expect(clearest(found)).toEqual(expect.objectContaining({ block: 1, head: 0 }));
  // One without TopK keeps nothing, however right its attention is.
  const blocks = [block(false, [1, 1], all), block(true, [0.3, 0.4], first)];
  expect(clearest({ ...found, blocks })).toEqual(expect.objectContaining({ block: 1, head: 1 }));
  expect(clearest({ ...found, blocks: blocks.slice(0, 1) })).toEqual(expect.objectContaining({ block: 0, head: 0 }));
});

test("the address of a mixture leads back to it", () => {
  for (const route of [
    { page: "explore", id: "ab", seed: 12, segments: true },
    { page: "explore", id: "ab", seed: 0, segments: false },
  ] as const) {
    expect(parseRoute(addressOf(route))).toEqual(route);
  }
  expect(parseRoute("#/runs/ab/explore?seed=x")).toEqual({ page: "explore", id: "ab", seed: 0, segments: true });
});
