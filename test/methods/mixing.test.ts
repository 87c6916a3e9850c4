// Mixing and unmixing: where patches come from and where tokens go.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { assignmentFor, drawAssignment, homologousPairs, type MixingMode, mixture } from "#src/methods/mixing.js";
import { randomStream } from "#src/random/index.js";
import { evaluate } from "../nn/evaluate.js";

const cases = fc.record({
  groupSize: fc.integer({ min: 2, max: 5 }),
  groups: fc.integer({ min: 1, max: 3 }),
  perSource: fc.integer({ min: 1, max: 6 }),
  n: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom<MixingMode>("compose", "full"),
  seed: fc.nat(1000),
});

function drawAll(seed: number, groups: number, patches: number, groupSize: number): Int32Array {
  const rows = Array.from({ length: groups }, (_, group) =>
    drawAssignment(randomStream(seed, "plan", 0, group), patches, groupSize),
  );
  return Int32Array.from(rows.flatMap((row) => [...row]));
}

function count(values: Iterable<number>, wanted: number): number {
  return [...values].filter((value) => value === wanted).length;
}

describe("mixture", () => {
  test("patches stay in place, every source supplies its share, and unmixing puts tokens back", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ groupSize, groups, perSource, n, mode, seed }) => {
        const patches = groupSize * perSource;
        const images = groups * groupSize;
        const perGroup = mode === "compose" ? 1 : groupSize;
        const mixed = groups * perGroup;
        const plan = drawAll(seed, groups, patches, groupSize);
        const { M, mix, unmix, share, hidden } = mixture(input("plan", [groups, patches], "int32"), groupSize, mode);
        // Every value says which image, patch and place it is.
        const pixels = Float32Array.from({ length: patches * images * n }, (_, index) => index);
        const token = Float32Array.from({ length: mixed * n }, (_, index) => -1 - index);
        const filler = Float32Array.from({ length: n }, (_, index) => 1e6 + index);
        const mixedPatches = mix(input("pixels", [patches, images, n]));
        expect(M.shape).toEqual([patches, mixed]);
        expect(mixedPatches.shape).toEqual([patches, mixed, n]);
        expect(hidden.shape).toEqual([patches, images]);
        const found = await evaluate(
          {
            M,
            hidden,
            mixedPatches,
            unmixed: unmix(mixedPatches, input("filler", [n])),
            shared: share(input("token", [1, mixed, n])),
          },
          { plan, pixels, token, filler },
        );

        const sourceAt = (patch: number, mixedImage: number) => found.M[patch * mixed + mixedImage]!;
        const mixedOf = (image: number) => (mode === "compose" ? Math.floor(image / groupSize) : image);
        for (let mixedImage = 0; mixedImage < mixed; mixedImage++) {
          const group = Math.floor(mixedImage / perGroup);
          const column = Array.from({ length: patches }, (_, patch) => sourceAt(patch, mixedImage));
          for (let source = 0; source < groupSize; source++) expect(count(column, source)).toBe(perSource);
          for (const [patch, source] of column.entries()) {
            expect(source).toBe((plan[group * patches + patch]! + (mixedImage % perGroup)) % groupSize);
            for (let i = 0; i < n; i++) {
              const origin = (patch * images + group * groupSize + source) * n + i;
              expect(found.mixedPatches[(patch * mixed + mixedImage) * n + i]).toBe(pixels[origin]);
            }
          }
        }
        for (let image = 0; image < images; image++) {
          const group = Math.floor(image / groupSize);
          const row = plan.subarray(group * patches, (group + 1) * patches);
          expect([...assignmentFor(image % groupSize, row, groupSize, mode)]).toEqual(
            Array.from(row, (_, patch) => sourceAt(patch, mixedOf(image))),
          );
        }
        if (mode === "full") {
          // A Latin square: nothing is lost and nothing is used twice.
          expect([...found.mixedPatches].sort((a, b) => a - b)).toEqual([...pixels]);
        }
        for (let image = 0; image < images; image++) {
          const seenAt = Array.from({ length: patches }, (_, patch) => found.hidden[patch * images + image] === 0);
          expect(seenAt.filter(Boolean)).toHaveLength(perSource);
          for (const [patch, seen] of seenAt.entries()) {
            expect(seen).toBe(sourceAt(patch, mixedOf(image)) === image % groupSize);
            for (let i = 0; i < n; i++) {
              // A patch that was seen comes back to its own image and place.
              const place = (patch * images + image) * n + i;
              expect(found.unmixed[place]).toBe(seen ? pixels[place] : filler[i]);
            }
          }
          for (let i = 0; i < n; i++) expect(found.shared[image * n + i]).toBe(token[mixedOf(image) * n + i]);
        }
      }),
      { numRuns: 25 },
    ));
});

test("patches are homologous where the same image supplies them", async () => {
  // Two mixed images of three patches.
  const M = Int32Array.from([0, 1, 1, 1, 0, 1]);
  const { pairs } = await evaluate({ pairs: homologousPairs(input("M", [3, 2], "int32")) }, { M });
  expect([...pairs.slice(0, 9)]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1]);
  expect([...pairs.slice(9)]).toEqual(Array(9).fill(1));
});

describe("drawAssignment", () => {
  test("gives every source exactly its share of the positions", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        (groupSize, perSource, seed) => {
          const row = drawAssignment(randomStream(seed, "plan", 0, 0), groupSize * perSource, groupSize);
          for (let source = 0; source < groupSize; source++) expect(count(row, source)).toBe(perSource);
        },
      ),
    );
  });

  test("gives a position to each source equally often, and positions independently enough", () => {
    const [draws, patches, groupSize] = [4000, 16, 4];
    const counts = new Float64Array(patches * groupSize);
    let samePair = 0;
    for (let draw = 0; draw < draws; draw++) {
      const row = drawAssignment(randomStream(3, "plan", 0, draw), patches, groupSize);
      for (const [patch, source] of row.entries()) counts[patch * groupSize + source]! += 1;
      if (row[0] === row[1]) samePair += 1;
    }
    const spread = 4.5 * Math.sqrt((draws * 3) / 16);
    for (const found of counts) expect(Math.abs(found - draws / 4)).toBeLessThan(spread);
    // Two positions share a source with probability (rL - 1) / (L - 1) = 3 / 15.
    expect(Math.abs(samePair - draws / 5)).toBeLessThan(4.5 * Math.sqrt(draws * 0.2 * 0.8));
  });

  test("is a function of the stream alone", () => {
    const draw = (epoch: number, index: number) => drawAssignment(randomStream(9, "plan", epoch, index), 64, 4);
    expect(draw(1, 2)).toEqual(draw(1, 2));
    expect(draw(1, 3)).not.toEqual(draw(1, 2));
    expect(draw(2, 2)).not.toEqual(draw(1, 2));
  });
});
