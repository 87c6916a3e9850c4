// COCO's run-length masks: known codes, round trips, and that nothing but a whole mask is accepted.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressRuns, decodeRuns, decompressRuns, encodeRuns } from "#src/formats/coco-rle.js";
import { FormatError } from "#src/formats/errors.js";

describe("runs", () => {
  test("go column by column and begin with zeros", () => {
    // 0 1 1
    // 0 0 1
    const mask = Uint8Array.of(0, 1, 1, 0, 0, 1);
    expect(encodeRuns(mask, 2, 3)).toEqual([2, 1, 1, 2]);
    expect(encodeRuns(Uint8Array.of(1, 1), 2, 1)).toEqual([0, 2]);
    expect([...decodeRuns([2, 1, 1, 2], 2, 3)]).toEqual([...mask]);
  });

  test.each([
    [[3], "cover 3 pixels"],
    [[2, 1, 4], "run 2"],
    [[2, -1, 5], "run 1"],
    [[2.5, 3.5], "run 0"],
  ])("%j are no mask of 2 x 3", (runs, message) => {
    expect(() => decodeRuns(runs, 2, 3)).toThrow(message);
    expect(() => decodeRuns(runs, 2, 3)).toThrow(FormatError);
  });
});

describe("compressed runs", () => {
  test("have six bits a character, and differences from the fourth run on", () => {
    // 5 is 5 + 48 = "5"; 20 needs two characters, as bit 4 is its sign: 20 + 32 + 48 = "d", then "0".
    expect(compressRuns([5])).toBe("5");
    expect(compressRuns([20])).toBe("d0");
    // The fourth run is stored as 3 - 2 = 1, the fifth as 1 - 7 = -6: 26 + 48 = "J".
    expect(compressRuns([4, 2, 7, 3, 1])).toBe("4271J");
    expect(decompressRuns("4271J")).toEqual([4, 2, 7, 3, 1]);
    expect(decompressRuns("")).toEqual([]);
  });

  test("come back as they were, from any mask", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.infiniteStream(fc.boolean()),
        (h, w, bits) => {
          const mask = Uint8Array.from({ length: h * w }, () => (bits.next().value ? 1 : 0));
          const runs = encodeRuns(mask, h, w);
          expect(decompressRuns(compressRuns(runs))).toEqual(runs);
          expect(decodeRuns(runs, h, w)).toEqual(mask);
        },
      ),
    );
    const large = [0, 900_000_000, 3, 2 ** 29, 1, 0, 2 ** 30 - 1];
    expect(decompressRuns(compressRuns(large))).toEqual(large);
  });

  test("of any text end in runs or in a format error", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: "binary-ascii" }), (text) => {
        try {
          decodeRuns(decompressRuns(text), 8, 8);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 10_000 },
    );
    for (const broken of ["5o", "~", "oooooooooo0", "\u0000"])
      expect(() => decompressRuns(broken)).toThrow(FormatError);
  });
});
