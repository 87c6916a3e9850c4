// safetensors: round trips, the published layout byte for byte, and a refusal for everything else.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "#src/formats/errors.js";
import {
  decodeSafetensorsHeader,
  encodeSafetensors,
  joinSafetensors,
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsEntry,
  safetensorsArray,
  safetensorsDataStart,
} from "#src/formats/safetensors.js";

const text = new TextEncoder();

/** A file from header text and data, without any help from the encoder. */
function file(header: string | Uint8Array, dataBytes: number, announced?: bigint): Uint8Array {
  const json = typeof header === "string" ? text.encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const constructors = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

const dtypes = Object.keys(constructors) as SafetensorsDtype[];
const itemSize = (dtype: SafetensorsDtype) => constructors[dtype].BYTES_PER_ELEMENT;

/** Raw bytes of an array, so that NaN payloads and signs of zero count. */
const raw = ({ data }: SafetensorsEntry) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "7", "", '"\\\n'));
const entry = fc
  .record({ name: names, dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.nat(3), { maxLength: 4 }) })
  .chain(({ name, dtype, shape }) => {
    const size = shape.reduce((product, axis) => product * axis, 1) * itemSize(dtype);
    return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => {
      const data = safetensorsArray(dtype, new Uint8Array(bytes));
      return { name, dtype, shape, data } as SafetensorsEntry;
    });
  });
const entries = fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 8 });
const metadata = fc.dictionary(names, fc.string({ unit: "grapheme" }));

describe("round trip", () => {
  test("gives back names, dtypes, shapes, bits and metadata; every tensor is aligned", () => {
    fc.assert(
      fc.property(entries, metadata, (tensors, strings) => {
        const bytes = joinSafetensors(encodeSafetensors(tensors, strings));
        const read = readSafetensors(bytes);
        expect(new Map(Object.entries(read.metadata))).toEqual(new Map(Object.entries(strings)));
        expect([...read.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
        for (const written of tensors) {
          const found = read.tensors.get(written.name)!;
          expect([found.name, found.dtype, found.shape]).toEqual([written.name, written.dtype, written.shape]);
          expect(raw(found)).toBe(raw(written));
          expect(found.data.constructor).toBe(constructors[written.dtype]);
          expect(found.data.buffer).toBe(bytes.buffer);
          if (found.data.byteLength % 8 === 0) expect(found.data.byteOffset % 8).toBe(0);
        }
        const again = encodeSafetensors(read.tensors.values(), read.metadata);
        expect(Buffer.from(joinSafetensors(again))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test("reads from any position of a larger buffer, copying only what is not aligned", () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 9 }), (tensors, shift) => {
        const bytes = joinSafetensors(encodeSafetensors(tensors));
        const moved = new Uint8Array(shift + bytes.length).subarray(shift);
        moved.set(bytes);
        const read = readSafetensors(moved);
        for (const written of tensors) {
          const { data, ...found } = read.tensors.get(written.name)!;
          expect(raw({ data, ...found } as SafetensorsEntry)).toBe(raw(written));
          expect(data.buffer === moved.buffer).toBe(shift % itemSize(written.dtype) === 0);
        }
      }),
    );
  });

  test("takes Node's Buffer, whose slice shares memory, and shared memory", () => {
    const layout = encodeSafetensors([{ name: "a", dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) }]);
    const bytes = joinSafetensors(layout);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect(readSafetensors(Buffer.from(bytes)).tensors.get("a")?.data).toEqual(Float32Array.of(1, 2, 3));
    expect(readSafetensors(shared).tensors.get("a")?.data).toEqual(Float32Array.of(1, 2, 3));
  });
});

describe("layout", () => {
  // The format's description: 8 bytes of header length, the JSON header, the tensor bytes, all little-endian.
  const published =
    "3c00000000000000" +
    Buffer.from('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}').toString("hex") +
    "01000000feffffff0300000000000080";

  test("reads the format's own description, written by hand", () => {
    const { tensors, metadata } = readSafetensors(Buffer.from(published, "hex"));
    expect([...tensors.keys()]).toEqual(["test"]);
    const { dtype, shape, data } = tensors.get("test")!;
    expect([dtype, shape, [...data]]).toEqual(["I32", [2, 2], [1, -2, 3, -(2 ** 31)]]);
    expect(Object.keys(metadata)).toEqual([]);
  });

  test("writes it as well, with the header padded to 8 bytes by spaces", () => {
    const data = Int32Array.of(1, -2, 3, -(2 ** 31));
    const bytes = joinSafetensors(encodeSafetensors([{ name: "test", dtype: "I32", shape: [2, 2], data }]));
    const padded = published.replace(/^3c/, "40").replace("7d7d01", "7d7d2020202001");
    expect(Buffer.from(bytes).toString("hex")).toBe(padded);
  });

  test("reads metadata, white space, tensors out of order, empty tensors and scalars", () => {
    const bytes = file(
      `{ "b" : {"shape":[ ],"data_offsets":[4 , 6],"dtype":"BF16"},
        "__metadata__": {"format":"pt", "\\u0061": "\\ud83d\\ude00"},
        "none":{"dtype":"F64","shape":[0,9],"data_offsets":[4,4]},
        "a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]} } \n`,
      6,
    );
    bytes.set([1, 2, 3, 4, 0x80, 0x3f], bytes.length - 6);
    const { tensors, metadata } = readSafetensors(bytes);
    expect([...tensors.keys()]).toEqual(["a", "none", "b"]);
    expect([...tensors.get("a")!.data]).toEqual([1, 2, 3, 4]);
    expect([...tensors.get("b")!.data]).toEqual([0x3f80]);
    expect(tensors.get("none")!.shape).toEqual([0, 9]);
    expect(Object.entries(metadata)).toEqual([
      ["format", "pt"],
      ["a", "😀"],
    ]);
  });

  test("a file without tensors, and the published minimum", () => {
    expect(readSafetensors(joinSafetensors(encodeSafetensors([]))).tensors.size).toBe(0);
    expect(readSafetensors(file("{}", 0)).tensors.size).toBe(0);
  });

  test("parts are views on the caller's arrays, so a large file is never held twice", () => {
    const values = new Float32Array(1000).subarray(10, 20);
    const { header, parts, totalBytes } = encodeSafetensors([{ name: "a", dtype: "F32", shape: [10], data: values }]);
    expect(parts).toHaveLength(1);
    expect(parts[0]!.buffer).toBe(values.buffer);
    expect([parts[0]!.byteOffset, parts[0]!.byteLength]).toEqual([40, 40]);
    expect(totalBytes).toBe(header.length + 40);
  });

  test("the header alone tells where a tensor lies in a file of any size", () => {
    const json = '{"big":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}';
    const start = file(json, 0);
    const fileSize = start.length + 4398046511104;
    expect(safetensorsDataStart(start.subarray(0, 8), fileSize)).toBe(start.length);
    const span = decodeSafetensorsHeader(start, fileSize).spans.get("big");
    expect(span).toEqual({ dtype: "F32", shape: [1099511627776], begin: start.length, end: fileSize });
  });

  test("names that objects treat as special stay plain names", () => {
    const json = `{"__metadata__":{"__proto__":"x"},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`;
    const { tensors, metadata } = readSafetensors(file(json, 1));
    expect(tensors.get("__proto__")?.shape).toEqual([1]);
    expect(Object.entries(metadata)).toEqual([["__proto__", "x"]]);
    expect(Object.getPrototypeOf(metadata)).toBeNull();
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });
});

describe("refused when reading", () => {
  const u8 = (fields: string) => `{"a":{"dtype":"U8",${fields}}}`;
  const two = (a: string, b: string) =>
    `{"a":{"dtype":"U8","shape":[4],"data_offsets":[${a}]},"b":{"dtype":"U8","shape":[4],"data_offsets":[${b}]}}`;
  const cases: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /shorter than the 8 bytes/],
    ["seven bytes", new Uint8Array(7), /shorter than the 8 bytes/],
    ["a header longer than the file", file("{}", 0, 3n), /ends at byte 11, the file at 10: it is cut short/],
    ["a header over 16 MiB", file("{}", 0, 16_777_217n), /16777217 bytes is announced, more than 16777216/],
    ["a header of 2^64 - 1 bytes", file("{}", 0, 2n ** 64n - 1n), /18446744073709551615 bytes is announced/],
    ["no header", file("", 0), /does not begin with "\{"/],
    ["white space before the header", file(" {}", 0), /does not begin with "\{"/],
    ["a byte order mark", file("\ufeff{}", 0), /does not begin with "\{"/],
    ["an array", file("[]", 0), /does not begin with "\{"/],
    ["bytes that are not UTF-8", file(Uint8Array.of(0x7b, 0xff, 0x7d), 0), /not UTF-8/],
    ["JSON cut short", file('{"a":', 0), /not end the header/],
    ["a string cut short", file('{"a', 0), /not a JSON string/],
    ["an escape cut short", file('{"a\\', 0), /not a JSON string/],
    ["a control character in a string", file('{"a\n":{}}', 0), /not a JSON string/],
    ["half a surrogate pair", file('{"\\ud800":{}}', 0), /not Unicode text/],
    ["text after the header", file("{}{}", 0), /should begin the end of the header/],
    ["a trailing comma", file(`${two("0,4", "4,8").slice(0, -1)},}`, 8), /should begin a string/],
    ["a name given twice", file(two("0,4", "4,8").replace('"b"', '"a"'), 8), /key "a" is given twice/],
    ["a name given twice, once escaped", file(two("0,4", "4,8").replace('"b"', '"\\u0061"'), 8), /"a" is given twice/],
    ["metadata given twice", file('{"__metadata__":{},"__metadata__":{}}', 0), /is given twice/],
    ["a metadata key given twice", file('{"__metadata__":{"k":"1","k":"2"}}', 0), /key "k" is given twice/],
    ["a field given twice", file(u8('"shape":[1],"shape":[1],"data_offsets":[0,1]'), 1), /key "shape" is given twice/],
    ["metadata that is a number", file('{"__metadata__":{"k":1}}', 0), /should begin a string, not "1"/],
    ["nested metadata", file('{"__metadata__":{"k":{}}}', 0), /should begin a string/],
    ["metadata that is a list", file('{"__metadata__":[]}', 0), /should begin "\{"/],
    ["a tensor that is null", file('{"a":null}', 0), /should begin "\{", not "n"/],
    ["deep nesting", file(`{"a":${"[".repeat(1e6)}`, 0), /should begin "\{"/],
    ["a missing field", file(u8('"shape":[1]'), 1), /lacks dtype, shape or data_offsets/],
    ["an unknown field", file(u8('"shape":[1],"data_offsets":[0,1],"x":1'), 1), /unknown field "x"/],
    ["an unknown dtype", file('{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}', 1), /known are F64, F32/],
    ["a dtype from a prototype", file('{"a":{"dtype":"toString","shape":[],"data_offsets":[0,1]}}', 1), /known are/],
    ["a negative size", file(u8('"shape":[-1],"data_offsets":[0,1]'), 1), /an integer from 0/],
    ["a fraction", file(u8('"shape":[1.5],"data_offsets":[0,1]'), 1), /an integer from 0/],
    ["an exponent", file(u8('"shape":[1e3],"data_offsets":[0,1000]'), 1000), /an integer from 0/],
    ["a leading zero", file(u8('"shape":[01],"data_offsets":[0,1]'), 1), /an integer from 0/],
    ["an integer over 2^53", file(u8('"shape":[9007199254740992],"data_offsets":[0,1]'), 1), /an integer from 0/],
    ["an integer of 100 digits", file(u8(`"shape":[${"9".repeat(100)}],"data_offsets":[0,1]`), 1), /an integer from 0/],
    ["a size as text", file(u8('"shape":["1"],"data_offsets":[0,1]'), 1), /an integer from 0/],
    ["too many axes", file(u8(`"shape":[${"1,".repeat(64)}1],"data_offsets":[0,1]`), 1), /more than 64 integers/],
    ["a product that overflows", file(u8('"shape":[4294967296,4294967296,0],"data_offsets":[0,0]'), 0), /too many/],
    ["one offset", file(u8('"shape":[1],"data_offsets":[0]'), 1), /needs two data_offsets/],
    ["three offsets", file(u8('"shape":[1],"data_offsets":[0,1,2]'), 1), /needs two data_offsets/],
    ["a span that is too small", file(u8('"shape":[2],"data_offsets":[0,1]'), 1), /takes 2 bytes, its offsets span 1/],
    ["a span of other items", file(two("0,4", "4,8").replace("U8", "F32"), 8), /F32 \[4\] takes 16 bytes/],
    ["offsets the wrong way round", file(u8('"shape":[1],"data_offsets":[1,0]'), 1), /its offsets span -1/],
    ["an overlap", file(two("0,4", "3,7"), 7), /"b" begins at 3, inside the tensor that ends at 4/],
    ["the same bytes twice", file(two("0,4", "0,4"), 4), /"b" begins at 0, inside the tensor that ends at 4/],
    ["a hole", file(two("0,4", "5,9"), 9), /"b" begins at 5, after a hole from 4/],
    ["a hole at the start", file(two("8,12", "4,8"), 12), /"b" begins at 4, after a hole from 0/],
    ["a truncated file", file(two("0,4", "4,8"), 7), /take 8 bytes, the file has 7: it is cut short/],
    ["an over-long file", file(two("0,4", "4,8"), 9), /take 8 bytes, the file has 9: it is too long/],
    ["bytes that nothing names", file("{}", 1), /take 0 bytes, the file has 1: it is too long/],
  ];
  test.each(cases)("%s", (_, bytes, reason) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes)).toThrow(reason);
  });

  test("a header of which only a part was given", () => {
    const bytes = file("{}      ", 0);
    expect(() => decodeSafetensorsHeader(bytes.subarray(0, 12), bytes.length)).toThrow(/takes 16 bytes, only 12/);
  });

  test("a hostile name is quoted and shortened in the message", () => {
    const bytes = file(`{"${"\u202e\\n".repeat(10000)}":{}}`, 0);
    expect(() => readSafetensors(bytes)).toThrow(/^safetensors: tensor ".{1,300}" lacks dtype/);
  });

  test("a cut at any byte", () => {
    const bytes = joinSafetensors(sample());
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length))).toThrow(FormatError);
    }
  });
});

describe("refused when writing", () => {
  const a = { name: "a", dtype: "F32", shape: [1], data: new Float32Array(1) } as const;
  const wrong = (fields: object): SafetensorsEntry => ({ ...a, ...fields }) as SafetensorsEntry;
  const cases: [string, () => unknown, RegExp][] = [
    ["a name given twice", () => encodeSafetensors([a, a]), /"a" is given twice/],
    ["the name of the metadata", () => encodeSafetensors([wrong({ name: "__metadata__" })]), /keeps for metadata/],
    ["half a surrogate pair", () => encodeSafetensors([wrong({ name: "\ud800" })]), /not Unicode text/],
    ["metadata that is no text", () => encodeSafetensors([], { a: 1 as unknown as string }), /not Unicode text/],
    ["another array type", () => encodeSafetensors([wrong({ dtype: "I32" })]), /needs a Int32Array, not a Float32/],
    ["an unknown dtype", () => encodeSafetensors([wrong({ dtype: "F8" })]), /known are F64/],
    ["too few values", () => encodeSafetensors([wrong({ shape: [2, 2] })]), /\[2,2\] needs 4 values, not 1/],
    ["a negative size", () => encodeSafetensors([wrong({ shape: [-1, -1] })]), /axis of size -1/],
    ["a fraction", () => encodeSafetensors([wrong({ shape: [0.5, 2] })]), /axis of size 0.5/],
    ["too many axes", () => encodeSafetensors([wrong({ shape: Array(65).fill(1) })]), /65 axes, more than 64/],
    ["a huge header", () => encodeSafetensors([], { a: "x".repeat(1 << 24) }), /more than 16777216/],
    ["too many names", () => encodeSafetensors(Array(1 << 17).fill(a)), /more than 131072 names/],
    ["half a value", () => safetensorsArray("F32", new Uint8Array(6)), /not a whole number of F32/],
  ];
  test.each(cases)("%s", (_, write, reason) => {
    expect(write).toThrow(FormatError);
    expect(write).toThrow(reason);
  });
});

describe("hostile input", () => {
  test("20,000 mutations are read or refused with a reason, within bounds", () => {
    const original = joinSafetensors(sample());
    let refused = 0;
    const mutation = fc.record({
      at: fc.nat(),
      byte: fc.nat(255),
      kind: fc.nat(3),
      length: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes: Uint8Array = original;
        for (const { at, byte, kind, length } of mutations) bytes = mutate(bytes, at, byte, kind, length);
        try {
          for (const { dtype, shape, data } of readSafetensors(bytes).tensors.values()) {
            expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
            expect(data.constructor).toBe(constructors[dtype]);
            expect(data.byteLength).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          refused++;
        }
      }),
      { numRuns: 20_000 },
    );
    expect(refused).toBeGreaterThan(5000);
  });

  test("a header of the largest size, full of tiny entries, is refused before it fills the memory", () => {
    const key = (index: number) => `"${index.toString(36).padStart(5, "0")}":"",`;
    const pairs = Array.from({ length: (1 << 17) + 1 }, (_, index) => key(index)).join("");
    const bytes = file(`{"__metadata__":{${pairs}`.padEnd(1 << 24, '"again":"",'), 0);
    expect(() => readSafetensors(bytes)).toThrow(/more than 131072 names/);
  }, 30_000);

  test("a header with a hundred thousand tensors is read", () => {
    const tensors = Array.from(
      { length: 100_000 },
      (_, i): SafetensorsEntry => ({ name: `t${i}`, dtype: "U8", shape: [1], data: Uint8Array.of(i) }),
    );
    const read = readSafetensors(joinSafetensors(encodeSafetensors(tensors)));
    expect(read.tensors.get("t99999")?.data[0]).toBe(99999 % 256);
  });
});

function sample() {
  return encodeSafetensors(
    [
      { name: "w", dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: "index", dtype: "I64", shape: [2], data: BigInt64Array.of(-1n, 2n) },
      { name: "half", dtype: "F16", shape: [3], data: Uint16Array.of(1, 2, 3) },
      { name: "mask", dtype: "BOOL", shape: [1, 3], data: Uint8Array.of(0, 1, 1) },
    ],
    { config: '{"a": [1]}' },
  );
}

/** Replaces a byte, inserts one, removes some, or repeats a stretch elsewhere. */
function mutate(bytes: Uint8Array, at: number, byte: number, kind: number, length: number): Uint8Array {
  const place = at % (bytes.length + 1);
  const stretch = bytes.subarray((at * 31) % bytes.length, ((at * 31) % bytes.length) + length);
  const middle = kind === 2 ? [] : kind === 3 ? [...stretch] : [byte];
  const resume = kind === 0 ? place + 1 : kind === 2 ? place + length : place;
  return Uint8Array.of(...bytes.subarray(0, place), ...middle, ...bytes.subarray(Math.min(resume, bytes.length)));
}
