// IDX: what is written by hand comes back, everything else is refused in words, and no bytes can do harm.

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "#src/formats/errors.js";
import { readIdx, readIdxImages, readIdxLabels } from "#src/formats/idx.js";

function idx(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + 4 * axis);
  });
  return Buffer.concat([header, Uint8Array.from(data)]);
}

const shapes = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 });
const arrays = shapes.chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc.record({ shape: fc.constant(shape), data: fc.uint8Array({ minLength: length, maxLength: length }) });
});

describe("readIdx", () => {
  test("gives shape and bytes back, gzipped or not", () => {
    fc.assert(
      fc.property(arrays, fc.boolean(), ({ shape, data }, zipped) => {
        const file = idx(shape, data);
        const read = readIdx(zipped ? gzipSync(file) : file);
        expect(read.shape).toEqual(shape);
        expect([...read.data]).toEqual([...data]);
      }),
    );
  });

  test("gives a value or one FormatError for any damaged file", () => {
    const files = fc.tuple(arrays, fc.boolean()).map(([{ shape, data }, zipped]) => {
      const file = idx(shape, data);
      return zipped ? new Uint8Array(gzipSync(file)) : new Uint8Array(file);
    });
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(files, damage, fc.option(fc.nat()), (file, changes, cut) => {
        const bytes = file.slice(0, cut === null ? file.length : cut % (file.length + 1));
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          const { shape, data } = readIdx(bytes);
          expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["an empty file", new Uint8Array(), /at least 4 bytes/],
    ["text", Buffer.from("hello world"), /two zero bytes/],
    ["floats", idx([1], [0, 0, 0, 0], 0x0d), /type 0x08.*found type 0x0d/],
    ["rank 0", Uint8Array.of(0, 0, 8, 0), /1 to 4 dimensions, but found 0/],
    ["rank 5", idx([1, 1, 1, 1, 1], [1]), /found 5/],
    ["a header cut off", idx([2, 2], []).subarray(0, 9), /within its header/],
    ["too few bytes", idx([2, 2], [1, 2, 3]), /2 x 2 needs 16 bytes, but the file has 15/],
    ["too many bytes", idx([2], [1, 2, 3]), /needs 10 bytes, but the file has 11/],
    ["a shape beyond all numbers", idx([2 ** 31, 2 ** 31, 2 ** 31], []), /impossibly large/],
    ["a shape beyond the limit", idx([2 ** 31, 2], []), /at most 2147483647/],
    ["gzip cut off", gzipSync(idx([9], [1, 2, 3, 4, 5, 6, 7, 8, 9])).subarray(0, 25), /gzip layer is damaged/],
    ["gzip that holds more", gzipSync(idx([1], new Uint8Array(1000))), /longer than the 9 bytes/],
    ["gzip that announces too much", gzipSync(idx([1_000_000_000], [1])), /more than \d+ gzipped bytes hold/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readIdx(bytes)).toThrow(FormatError);
    expect(() => readIdx(bytes)).toThrow(message);
  });

  test("does not unpack what shrank far more than images do", () => {
    const count = 2 ** 28 + 2 ** 20;
    const trap = gzipSync(Buffer.concat([idx([count], []), new Uint8Array(count)]), { level: 1 });
    expect(() => readIdx(trap)).toThrow(/it unpacks to 269484032 bytes, more than 100 times its size; .* gunzip$/);
  }, 30_000);

  test("keeps to the limit that it is given", () => {
    expect(() => readIdx(idx([4], [1, 2, 3, 4]), { maximumBytes: 3 })).toThrow(/at most 3 are allowed/);
  });
});

describe("readIdxImages", () => {
  test("reads grey and colour images", () => {
    expect(readIdxImages(idx([1, 1, 2], [7, 8]))).toMatchObject({ count: 1, height: 1, width: 2, channels: 1 });
    expect(readIdxImages(idx([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]))).toMatchObject({ count: 1, width: 2, channels: 3 });
  });

  test("refuses other shapes", () => {
    expect(() => readIdxImages(idx([2], [1, 2]))).toThrow(/found \[2\]/);
    expect(() => readIdxImages(idx([1, 1, 1, 4], [1, 2, 3, 4]))).toThrow(/\[count, height, width, 3\]/);
  });
});

describe("readIdxLabels", () => {
  test("reads labels and refuses images", () => {
    expect([...readIdxLabels(idx([3], [2, 0, 1]))]).toEqual([2, 0, 1]);
    expect(() => readIdxLabels(idx([1, 1, 1], [0]))).toThrow(/labels of shape \[count\]/);
  });
});
