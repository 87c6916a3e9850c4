// Mixing pixels by hand, and shares of homologous patches against counts by hand.
import fc from "fast-check";
import { expect, test } from "vitest";
import { comparedPatches, homologousChance, homologousShare, mixPixels } from "#src/heads/recognition.js";

test("a mixture has each patch from the image that supplies it, in its place", () => {
  const side = fc.constantFrom([2, 1], [4, 2], [6, 2], [6, 3]);
  fc.assert(
    fc.property(
      side,
      fc.integer({ min: 1, max: 5 }),
      fc.infiniteStream(fc.nat(1000)),
      ([size, patch], images, draws) => {
        const next = () => draws.next().value as number;
        const grid = size! / patch!;
        const group = Uint8Array.from({ length: images * size! * size! * 3 }, () => next() % 256);
        const sources = Array.from({ length: grid * grid }, () => next() % images);
        const mixed = mixPixels(group, sources, { imageSize: size!, patchSize: patch! });
        expect(mixed).toHaveLength(size! * size! * 3);
        for (const [place, value] of mixed.entries()) {
          const [row, column] = [Math.floor(place / 3 / size!), Math.floor(place / 3) % size!];
          const source = sources[Math.floor(row / patch!) * grid + Math.floor(column / patch!)]!;
          expect(value).toBe(group[source * mixed.length + place]);
        }
      },
    ),
  );
});

test("homologous pairs are counted, and what guessing would give", () => {
  // Patches 0 and 2 are of one image, 1 and 3 of another; patch 0 is paired rightly once, 1 never, 2 twice, 3 once.
  const sources = [0, 1, 0, 1];
  const nearest = [2, 1, ...[0, 2], ...[0, 0], ...[1, 2]];
  expect(homologousShare(nearest, sources)).toBe(4 / 8);
  expect(homologousChance(sources)).toBeCloseTo(1 / 3, 12);
  expect(homologousChance([0, 0, 0, 1, 2])).toBeCloseTo(6 / 20, 12);
  expect([comparedPatches(64, 4), comparedPatches(49, 4), comparedPatches(4, 4)]).toEqual([15, 11, 0]);
});
