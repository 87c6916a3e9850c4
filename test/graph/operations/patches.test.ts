// Images as patches, against a naive convolution.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input, patchConvolution, patchify } from "#src/graph/index.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, range, tabulate, total } from "../dense.js";

const small = fc.integer({ min: 1, max: 2 });
const images = fc.record({
  batch: small,
  rows: small,
  columns: fc.integer({ min: 1, max: 3 }),
  size: small,
  channels: fc.constantFrom(1, 3),
  width: fc.integer({ min: 1, max: 3 }),
});

describe("patchify", () => {
  testOperation(
    "patches row by row, each in (row, column, channel) order",
    images,
    ({ batch, rows, columns, size, channels }, values) => {
      const x = values.floats([batch, rows * size, columns * size, channels]);
      return operationCase({
        inputs: { x },
        compute: (t) => patchify(t.x, size),
        expected: tabulate([rows * columns, batch, size * size * channels], ([patch, image, element]) => {
          const pixel = Math.floor(element! / channels);
          const row = Math.floor(patch! / columns) * size + Math.floor(pixel / size);
          const column = (patch! % columns) * size + (pixel % size);
          return at(x, [image!, row, column, element! % channels]);
        }),
      });
    },
  );

  test("refuses images that do not divide, and names them", () => {
    const found = /^patchify: .*"images".* does not divide into patches of 4 x 4/;
    expect(() => patchify(input("images", [1, 6, 8, 3]), 4)).toThrow(found);
    expect(() => patchify(input("images", [1, 8, 6, 3]), 4)).toThrow(found);
    expect(() => patchify(input("images", [8, 8, 3]), 4)).toThrow(found);
    expect(() => patchify(input("images", [1, 8, 8, 3]), 0)).toThrow(/^patchify: .*"images".* 0 x 0/);
    expect(() => patchify(input("images", [1, 8, 8, 3]), 0.5)).toThrow(/^patchify: .*"images"/);
  });
});

describe("patchConvolution", () => {
  /** Slides the kernel [width, channels, size, size] over images [batch, height, width, channels] by its own size. */
  const convolution = (x: Dense, weight: Dense, bias: Dense) => {
    const [batch, height, length] = x.shape as [number, number, number, number];
    const [width, channels, size] = weight.shape as [number, number, number, number];
    const columns = length / size;
    return tabulate([(height / size) * columns, batch, width], ([patch, image, output]) => {
      const [top, left] = [Math.floor(patch! / columns) * size, (patch! % columns) * size];
      const terms = range(channels).flatMap((channel) =>
        range(size).flatMap((y) =>
          range(size).map((z) => at(weight, [output!, channel, y, z]) * at(x, [image!, top + y, left + z, channel])),
        ),
      );
      return total(terms) + bias.data[output!]!;
    });
  };

  testOperation(
    "equals a convolution with a stride of the kernel's size",
    images,
    ({ batch, rows, columns, size, channels, width }, values) => {
      const x = values.floats([batch, rows * size, columns * size, channels]);
      const weight = values.floats([width, channels, size, size]);
      const bias = values.floats([width]);
      return operationCase({
        inputs: { x, weight, bias },
        compute: (t) => patchConvolution(patchify(t.x, size), t.weight, t.bias),
        expected: convolution(x, weight, bias),
      });
    },
  );

  test("refuses a kernel of another size", () => {
    const patches = input("patches", [4, 1, 12]);
    const bias = input("bias", [8]);
    expect(() => patchConvolution(patches, input("weight", [8, 3, 3, 3]), bias)).toThrow(
      /^patchConvolution: .*"patches".* does not fit a kernel of \[8, 3, 3, 3\]/,
    );
    expect(() => patchConvolution(patches, input("weight", [8, 12]), bias)).toThrow(/^patchConvolution: .*"patches"/);
    expect(() => patchConvolution(patches, input("weight", [8, 3, 2, 2]), input("short", [7]))).toThrow(/"short"/);
  });
});
