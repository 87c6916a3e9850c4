// Files of torch.save: read from PyTorch and by PyTorch, bit for bit, and refused where they are not sound.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bfloat16ToFloat32, halfToFloat32 } from "#src/formats/half.js";
import type { PickleDict, PickleObject } from "#src/formats/pickle-values.js";
import { TorchFile } from "#src/formats/torch-file.js";
import { TorchTensor } from "#src/formats/torch-types.js";
import { encodeTorchFile } from "#src/formats/torch-writer.js";
import { encodeZip, readZipDirectory, readZipEntry } from "#src/formats/zip.js";
import { python } from "../exchange/python.js";
import { pytorchMissing } from "../pytorch.js";
import { expectSurvival } from "./mutations.js";

const open = (bytes: Uint8Array) =>
  new TorchFile((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
const text = (content: string) => Uint8Array.from(Buffer.from(content, "latin1"));

const tensors = new Map([
  ["weight", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) }],
  ["scalar", { shape: [], data: Float32Array.of(7) }],
  ["empty", { shape: [0, 4], data: new Float32Array(0) }],
]);
const written = new Uint8Array(Buffer.concat(encodeTorchFile(new Map([["model", tensors]]))));

/** An archive with this pickle and one storage of 6 floats. */
function archive(pickle: string, more: { name: string; bytes: Uint8Array }[] = []): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      encodeZip([
        { name: "archive/data.pkl", bytes: text(pickle) },
        { name: "archive/data/0", bytes: new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer) },
        ...more,
      ]),
    ),
  );
}

/** A pickle of one tensor on that storage. */
function tensorPickle({
  offset = "K\x00",
  shape = "K\x06",
  strides = "K\x01",
  type = "FloatStorage",
  key = "0",
  count = "K\x06",
}) {
  const id = `(X\x07\x00\x00\x00storagectorch\n${type}\nX\x01\x00\x00\x00${key}X\x03\x00\x00\x00cpu${count}tQ`;
  return `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(${id}${offset}(${shape}t(${strides}t\x89ccollections\nOrderedDict\n)RtR.`;
}

const floatsOf = (pickle: string) => {
  const file = open(archive(pickle));
  return [...file.floats(file.value as TorchTensor)];
};

describe("torch files", () => {
  test("what is written is read again, bit for bit", () => {
    const file = open(written);
    const model = (file.value as PickleDict).get("model") as Map<string, TorchTensor>;
    expect([...model.keys()]).toEqual([...tensors.keys()]);
    for (const [name, { shape, data }] of tensors) {
      expect(model.get(name)!.shape).toEqual(shape);
      expect(Buffer.from(file.floats(model.get(name)!).buffer)).toEqual(Buffer.from(data.buffer));
    }
  });

  test("strides pick elements from anywhere inside the storage", () => {
    expect(floatsOf(tensorPickle({}))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(floatsOf(tensorPickle({ shape: "K\x03K\x02", strides: "K\x01K\x03" }))).toEqual([0, 3, 1, 4, 2, 5]);
    expect(floatsOf(tensorPickle({ offset: "K\x01", shape: "K\x02K\x02", strides: "K\x03K\x01" }))).toEqual([
      1, 2, 4, 5,
    ]);
    expect(floatsOf(tensorPickle({ offset: "K\x05", shape: "K\x04", strides: "K\x00" }))).toEqual([5, 5, 5, 5]);
    expect(floatsOf(tensorPickle({ offset: "K\x06", shape: "K\x00", strides: "K\x01" }))).toEqual([]);
  });

  test.each<[string, string, string]>([
    ["a tensor beyond its storage", tensorPickle({ offset: "K\x01" }), "reaches to element 6 of a storage of 6"],
    [
      "strides beyond the storage",
      tensorPickle({ shape: "K\x02K\x02", strides: "K\x05K\x01" }),
      "reaches to element 6",
    ],
    ["a negative stride", tensorPickle({ strides: "J\xff\xff\xff\xff" }), "do not make a shape"],
    ["a negative offset", tensorPickle({ offset: "J\xff\xff\xff\xff" }), "no storage or offset"],
    ["more strides than sizes", tensorPickle({ strides: "K\x01K\x01" }), "1 sizes and 2 strides"],
    [
      "gigabytes by a stride of 0",
      tensorPickle({ shape: "J\x00\x00\x00\x70K\x08", strides: "K\x00K\x00" }),
      "repeats a storage",
    ],
    [
      "sizes beyond all numbers",
      tensorPickle({ shape: "\x8a\x07\xff\xff\xff\xff\xff\xff\x0f".repeat(30), strides: "K\x00".repeat(30) }),
      "repeats a storage",
    ],
    ["a storage without bytes", tensorPickle({ key: "1" }), 'storage "1" has no bytes'],
    ["a storage of another size", tensorPickle({ count: "K\x07" }), "needs 28 bytes, but has 24"],
    ["a storage of another type", tensorPickle({ type: "DoubleStorage" }), "needs 48 bytes, but has 24"],
    ["a type that there is not", tensorPickle({ type: "QInt8Storage" }), "torch.QInt8Storage"],
    ["a persistent id of another kind", "(X\x07\x00\x00\x00modulestQ.", "not of the form"],
    ["a parameter that is none", "ctorch._utils\n_rebuild_parameter\n(K\x01\x88NtR.", "a parameter is not a tensor"],
    ["hooks that are called", "ctorch\nTensor\n.", "torch.Tensor"],
    ["whole numbers as weights", tensorPickle({ type: "IntStorage" }), "expected a tensor of floats; found int32"],
  ])("refuses %s", (_, pickle, words) => {
    expect(() => floatsOf(pickle)).toThrow(words);
  });

  test("a pickle of megabytes is refused before it is read", () => {
    const size = 2 ** 24 + 1;
    const file = Buffer.concat(encodeZip([{ name: "archive/data.pkl", bytes: new Uint8Array(size) }]));
    const asked: number[] = [];
    const read = (offset: number, length: number) => {
      asked.push(length);
      return file.subarray(offset, offset + length);
    };
    expect(() => new TorchFile(read, file.length)).toThrow(/its data\.pkl has 16777217 bytes, more than/);
    expect(Math.max(...asked)).toBeLessThan(size);
  });

  test("many tensors on one storage cannot make more of it than a bounded part of memory", () => {
    const file = open(archive(tensorPickle({ offset: "K\x05", shape: "J\x00\x00\x10\x00", strides: "K\x00" })));
    const readOften = () => {
      for (let i = 0; i < 100; i++) file.floats(file.value as TorchTensor);
    };
    expect(readOften).toThrow("far more values than the file does");
  });

  test.each<[string, () => Uint8Array, string]>([
    ["an empty file", () => new Uint8Array(0), "too few for a zip archive"],
    ["text", () => text("not a checkpoint at all, but long enough"), "does not begin as a zip archive"],
    [
      "the format before 1.6",
      () => text("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."),
      "the format before PyTorch 1.6",
    ],
    ["half a file", () => written.slice(0, written.length / 2), "no end-of-directory record"],
    ["a damaged number", () => changed(written, indexOf(written, "\x00\x00\x60\x40"), 0x55), "is damaged: checksum"],
    ["another zip archive", () => Buffer.concat(encodeZip([{ name: "a/b.txt", bytes: text("x") }])), "found 0"],
    ["two models", () => archive("N.", [{ name: "other/data.pkl", bytes: text("N.") }]), "found 2"],
    ["big-endian numbers", () => archive("N.", [{ name: "archive/byteorder", bytes: text("big") }]), "little-endian"],
    ["a name twice", () => archive("N.", [{ name: "archive/data/0", bytes: text("x") }]), "twice"],
    ["a path upwards", () => archive("N.", [{ name: "archive/../../etc/passwd", bytes: text("x") }]), "with the name"],
    ["an absolute path", () => archive("N.", [{ name: "/etc/passwd", bytes: text("x") }]), "with the name"],
    ["compressed entries", () => deflated(), "is compressed (method 8)"],
    ["entries that overlap", () => overlapping(), "reaches into what follows"],
    ["a local header of another name", () => changed(written, 30, 0x62), 'is of "brchive/data.pkl"'],
    ["encrypted entries", () => changed(written, central(written) + 8, 1), "is encrypted"],
    ["a directory beyond the file", () => changed(written, written.length - 4, 0xff), "lies outside the file"],
    ["a wrong count", () => changed(written, written.length - 12, 1), "but announces 1"],
  ])("refuses %s", (_, make, words) => {
    const bytes = make();
    const readAll = () => {
      const file = open(bytes);
      const model = (file.value as PickleDict).get("model") as Map<string, TorchTensor>;
      for (const tensor of model.values()) file.floats(tensor);
    };
    expect(readAll).toThrow(words);
  });

  test("20,000 mutations are read or refused", () => {
    const small = new Uint8Array(Buffer.concat(encodeTorchFile(new Map([["w", tensors.get("weight")!]]))));
    expectSurvival([small, archive(tensorPickle({ shape: "K\x03K\x02", strides: "K\x01K\x03" }))], 20_000, (bytes) => {
      const file = open(bytes);
      const values = file.value instanceof Map ? [...file.value.values()] : [file.value];
      for (const value of values) if (value instanceof TorchTensor) file.floats(value);
    });
  });

  test("20,000 mutations of the pickle alone, behind a sound archive, are read or refused", () => {
    const pickles = [tensorPickle({}), tensorPickle({ shape: "K\x03K\x02", strides: "K\x01K\x03" })].map(text);
    expectSurvival(pickles, 20_000, (pickle) => {
      const file = open(archive(Buffer.from(pickle).toString("latin1")));
      if (file.value instanceof TorchTensor) file.floats(file.value);
    });
  });
});

function indexOf(bytes: Uint8Array, content: string): number {
  return Buffer.from(bytes).indexOf(content, 0, "latin1");
}

function central(bytes: Uint8Array): number {
  return Buffer.from(bytes).indexOf("PK\x01\x02", 0, "latin1");
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

function deflated(): Uint8Array {
  const bytes = archive("N.", [{ name: "archive/x", bytes: new Uint8Array(deflateRawSync(new Uint8Array(1000))) }]);
  return changed(bytes, Buffer.from(bytes).lastIndexOf("PK\x01\x02", undefined, "latin1") + 10, 8);
}

/** The second entry is said to begin inside the first. */
function overlapping(): Uint8Array {
  const last = Buffer.from(written).lastIndexOf("PK\x01\x02", undefined, "latin1");
  return changed(changed(written, last + 42, 8), last + 43, 0);
}

describe("zip archives of 64-bit sizes", () => {
  test("are read", () => {
    const bytes = text("hello");
    const [local, , , end] = encodeZip([{ name: "a", bytes }]) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(5n, 4);
    extra.writeBigUInt64LE(5n, 12);
    extra.writeBigUInt64LE(0n, 20);
    const [, , directory] = encodeZip([{ name: "a", bytes }]) as [Uint8Array, Uint8Array, Uint8Array];
    const entry = Buffer.concat([directory, extra]);
    for (const field of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, field);
    entry.writeUInt16LE(28, 30);
    const start = local.length + bytes.length;
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50);
    record.writeBigUInt64LE(1n, 32);
    record.writeBigUInt64LE(BigInt(entry.length), 40);
    record.writeBigUInt64LE(BigInt(start), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50);
    locator.writeBigUInt64LE(BigInt(start + entry.length), 8);
    const last = Buffer.from(end);
    last.writeUInt16LE(0xffff, 10);
    last.writeUInt32LE(0xffffffff, 12);
    last.writeUInt32LE(0xffffffff, 16);
    const file = new Uint8Array(Buffer.concat([local, bytes, entry, record, locator, last]));
    const read = (offset: number, length: number) => file.subarray(offset, offset + length);
    const entries = readZipDirectory(read, file.length);
    expect(Buffer.from(readZipEntry(read, entries.get("a")!)).toString()).toBe("hello");
  });
});

describe.skipIf(pytorchMissing !== undefined)(`files of PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-torch-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let model: Map<string, TorchTensor>;
  let file: TorchFile;

  beforeAll(() => {
    writeFileSync(join(folder, "ours.pth"), written);
    python(SAVE, folder);
    file = open(readFileSync(join(folder, "theirs.pth")));
    model = (file.value as PickleDict).get("model") as Map<string, TorchTensor>;
  });

  test("PyTorch reads ours bit for bit, also where it loads weights alone", () => {
    expect(python(LOAD, folder).trim().split("\n")).toEqual([
      "weight (2, 3) 0000803f000000c00000604000000000000000806c161100".replace("6c161100", bits(1e-40)),
      `scalar () ${bits(7)}`,
      "empty (0, 4)",
      "weights only: True",
    ]);
  });

  test("ours reads PyTorch's bit for bit: every float16 and bfloat16, strided, shared, expanded, parameters", () => {
    const floats = (name: string) => file.floats(model.get(name)!);
    for (const [name, convert] of [
      ["float16", halfToFloat32],
      ["bfloat16", bfloat16ToFloat32],
    ] as const) {
      const expected = floats(`${name} as float32`);
      const found = floats(name);
      const patterns = convert(Uint16Array.from({ length: 65536 }, (_, index) => index));
      expect(found.length).toBe(65536);
      let wrong = 0;
      for (let i = 0; i < 65536; i++) {
        // -0 and NaN are told apart as Object.is does.
        if (!Object.is(found[i], expected[i]) || !Object.is(patterns[i], expected[i])) wrong++;
      }
      expect(wrong).toBe(0);
    }
    expect(floats("transposed")).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
    expect(floats("slice")).toEqual(Float32Array.of(1, 4));
    expect(floats("expanded")).toEqual(Float32Array.of(2, 2, 2, 3, 3, 3));
    expect(floats("parameter")).toEqual(Float32Array.of(1, 1));
    expect(floats("double")).toEqual(Float32Array.of(0.5, 0.25));
    expect(floats("scalar")).toEqual(Float32Array.of(3));
    expect(floats("empty")).toEqual(new Float32Array(0));
    expect(model.get("count")!.dtype).toBe("int64");
    const top = file.value as PickleDict;
    expect([...top.keys()]).toEqual(["model", "optimizer", "epoch", "scaler", "args"]);
    expect((top.get("args") as PickleObject).className).toBe("argparse.Namespace");
  });

  test("the format before 1.6 and a checkpoint that would run a command are refused", () => {
    expect(() => open(readFileSync(join(folder, "old.pth")))).toThrow("the format before PyTorch 1.6");
    expect(() => open(readFileSync(join(folder, "hostile.pth")))).toThrow("posix.system");
    expect(() => open(readFileSync(join(folder, "script.pt")))).toThrow(/torch|PyTorch/);
  });
});

function bits(value: number): string {
  return Buffer.from(Float32Array.of(value).buffer).toString("hex");
}

const SAVE = `
import argparse, os, sys, torch
folder = sys.argv[1]
layer = torch.nn.Linear(3, 2)
layer(torch.ones(1, 3)).sum().backward()
optimizer = torch.optim.AdamW(layer.parameters())
optimizer.step()
state = layer.state_dict()
patterns = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16)[torch.arange(65536).add(32768) % 65536]
state['float16'] = patterns.clone().view(torch.float16).clone()
state['float16 as float32'] = state['float16'].float()
state['bfloat16'] = patterns.clone().view(torch.bfloat16).clone()
state['bfloat16 as float32'] = state['bfloat16'].float()
base = torch.arange(6.).reshape(2, 3)
state['transposed'] = base.t()
state['slice'] = base[:, 1]
state['expanded'] = torch.tensor([[2.], [3.]]).expand(2, 3)
state['parameter'] = torch.nn.Parameter(torch.ones(2))
state['double'] = torch.tensor([0.5, 0.25], dtype=torch.float64)
state['scalar'] = torch.tensor(3.)
state['empty'] = torch.zeros(0, 4)
state['count'] = torch.tensor(5)
args = argparse.Namespace(lr=1e-3, model='mae_vit_base_patch16', betas=(0.9, 0.95), resume='', nested={'a': [1]})
torch.save({'model': state, 'optimizer': optimizer.state_dict(), 'epoch': 3, 'scaler': {'scale': 65536.0}, 'args': args}, folder + '/theirs.pth')
torch.save(state, folder + '/old.pth', _use_new_zipfile_serialization=False)
class Hostile:
    def __reduce__(self): return (os.system, ('touch ' + folder + '/executed',))
torch.save({'model': {'w': torch.ones(1), 'x': Hostile()}}, folder + '/hostile.pth')
torch.jit.script(layer).save(folder + '/script.pt')
`;

const LOAD = `
import sys, torch
for weights_only in (False, True):
    model = torch.load(sys.argv[1] + '/ours.pth', weights_only=weights_only)['model']
    if weights_only: print('weights only:', list(model) == ['weight', 'scalar', 'empty'])
    else:
        for name, tensor in model.items(): print((name + ' ' + str(tuple(tensor.shape)) + ' ' + tensor.numpy().tobytes().hex()).strip())
`;
