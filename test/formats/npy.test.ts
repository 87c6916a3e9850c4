// The npy format: round trips, headers with room for a count of rows, NumPy itself, and files that are no good.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeNpyHeader, encodeNpyHeader, readNpy, writeNpy } from "#src/formats/npy.js";
import { missingModule, python } from "../exchange/python.js";
import { expectSurvival } from "./mutations.js";

const values = (count: number) => Float32Array.from({ length: count }, (_, index) => index - 2.5);
const npyText = (text: string, version = [1, 0], data = 0) => {
  const size = Buffer.alloc(version[0] === 1 ? 2 : 4);
  if (version[0] === 1) size.writeUInt16LE(text.length);
  else size.writeUInt32LE(text.length);
  return Buffer.concat([
    Buffer.from("\x93NUMPY", "latin1"),
    Buffer.from(version),
    size,
    Buffer.from(text),
    Buffer.alloc(data),
  ]);
};
const dict = (shape: string, descr = "'<f4'", order = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': (${shape}), }\n`;

describe("npy", () => {
  test.each([[[]], [[0]], [[3]], [[2, 3]], [[0, 5]], [[2, 1, 4]]])("shape %j comes back with its values", (shape) => {
    const data = values(shape.reduce((product, size) => product * size, 1));
    expect(readNpy(writeNpy({ shape, data }))).toEqual({ shape, data });
  });

  test("values that do not lie at a multiple of four bytes are copied", () => {
    const file = writeNpy({ shape: [2, 3], data: values(6) });
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(readNpy(shifted.subarray(1)).data).toEqual(values(6));
  });

  test("a header has the same length for any number of rows, so that it can be put over the first one", () => {
    const lengths = [0, 1, 99_999, 1e9, 2 ** 40].map((rows) => encodeNpyHeader([rows, 384]).length);
    expect(new Set(lengths)).toEqual(new Set([128]));
    const file = Buffer.concat([encodeNpyHeader([0, 2]), new Uint8Array(values(6).buffer)]);
    file.set(encodeNpyHeader([3, 2]));
    expect(readNpy(file)).toEqual({ shape: [3, 2], data: values(6) });
  });

  test("versions 2 and 3, other orders of keys and one-dimensional column order are read", () => {
    expect(readNpy(npyText(dict("2,"), [2, 0], 8)).shape).toEqual([2]);
    expect(readNpy(npyText("{'shape': (1, 2), 'descr': '<f4', 'fortran_order': False}", [3, 0], 8)).shape).toEqual([
      1, 2,
    ]);
    expect(readNpy(npyText(dict("2,", "'<f4'", "True"), [1, 0], 8)).shape).toEqual([2]);
  });

  test.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "at least 10 bytes"],
    ["another file", Buffer.from("PK\x03\x04 and more bytes"), "does not begin with"],
    ["an unknown version", npyText(dict("1,"), [4, 0], 4), "found 4.0"],
    ["a header beyond the file", npyText(dict("1,")).subarray(0, 30), "the header takes"],
    ["a huge header", Buffer.from("\x93NUMPY\x02\x00\xff\xff\xff\xff", "latin1"), "4294967295 bytes is announced"],
    ["doubles", npyText(dict("1,", "'<f8'"), [1, 0], 8), 'found <f8. Save array.astype("<f4")'],
    ["big-endian floats", npyText(dict("1,", "'>f4'"), [1, 0], 4), "found >f4"],
    ["Python objects, which are pickles", npyText(dict("1,", "'|O'"), [1, 0], 4), "found |O"],
    ["structures", npyText(dict("1,", "[('a', '<f4')]"), [1, 0], 4), "not a Python dict of"],
    ["column order", npyText(dict("2, 2", "'<f4'", "True"), [1, 0], 16), "column order"],
    ["too few values", npyText(dict("2, 2"), [1, 0], 12), "but the file has"],
    ["too many values", npyText(dict("2, 2"), [1, 0], 20), "but the file has"],
    ["an impossible size", npyText(dict("9999999999999999, 9999999999999999")), "an axis has the size"],
    ["a negative size", npyText(dict("-1,")), "not a Python dict of"],
    ["a key given twice", npyText("{'shape': (), 'shape': (), }"), "names shape twice"],
    ["a missing key", npyText("{'shape': (), 'descr': '<f4'}"), "does not give"],
    ["code instead of a dict", npyText("{'descr': __import__('os').system('x')}"), "not a Python dict of"],
    ["too many axes", npyText(dict("1, ".repeat(40))), "more than 32"],
  ])("refuses %s", (_, bytes, words) => {
    expect(() => readNpy(bytes)).toThrow(words);
  });

  test("refuses to write values that do not fit the shape", () => {
    expect(() => writeNpy({ shape: [2], data: values(3) })).toThrow("needs 2 values, not 3");
    expect(() => encodeNpyHeader([-1])).toThrow("an axis has the size -1");
  });

  test("20,000 mutations are read or refused", () => {
    const files = [[5], [2, 3], [1, 2, 2]].map((shape) =>
      writeNpy({ shape, data: values(shape.reduce((product, size) => product * size, 1)) }),
    );
    expectSurvival(files, 20_000, (bytes) => {
      readNpy(bytes);
      decodeNpyHeader(bytes, 1000);
    });
  });
});

const missing = missingModule("numpy", "python3-numpy");

describe.skipIf(missing !== undefined)(`npy and NumPy${missing ? ` (${missing})` : ""}`, () => {
  test("each reads what the other wrote", () => {
    const folder = mkdtempSync(join(tmpdir(), "mixedae-npy-"));
    try {
      writeFileSync(join(folder, "ours.npy"), writeNpy({ shape: [2, 3], data: values(6) }));
      const program = [
        "import numpy, sys",
        "a = numpy.load(sys.argv[1] + '/ours.npy', allow_pickle=False)",
        "numpy.save(sys.argv[1] + '/theirs.npy', a)",
        "numpy.lib.format.write_array(open(sys.argv[1] + '/second.npy', 'wb'), a[:1], version=(2, 0))",
        "print(a.dtype, a.shape, a.tolist(), a.flags['C_CONTIGUOUS'])",
      ].join("\n");
      expect(python(program, folder).trim()).toBe("float32 (2, 3) [[-2.5, -1.5, -0.5], [0.5, 1.5, 2.5]] True");
      expect(readNpy(readFileSync(join(folder, "theirs.npy")))).toEqual({ shape: [2, 3], data: values(6) });
      expect(readNpy(readFileSync(join(folder, "second.npy")))).toEqual({ shape: [1, 3], data: values(3) });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
