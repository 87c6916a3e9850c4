// Writes dicts of float32 tensors, texts and numbers as torch.save does, so that torch.load reads them.

import { FormatError } from "./errors.js";
import { encodeZip, type ZipFile } from "./zip.js";

export interface TorchArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What can be written: a map becomes an OrderedDict. */
export type TorchWritable = string | number | boolean | null | TorchArray | ReadonlyMap<string, TorchWritable>;

/** The parts of a file, in order. Tensors are not copied: do not change them before the parts are written. */
export function encodeTorchFile(value: TorchWritable): Uint8Array[] {
  const writer = new Pickler();
  const pickle = writer.finish(value);
  const text = (content: string) => new TextEncoder().encode(content);
  const files: ZipFile[] = [
    { name: "archive/data.pkl", bytes: pickle },
    { name: "archive/byteorder", bytes: text("little") },
    ...writer.storages.map((data, key) => ({
      name: `archive/data/${key}`,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    { name: "archive/version", bytes: text("3\n") },
  ];
  return encodeZip(files);
}

/** Protocol 2, as torch.save; the memo is left out, since nothing is written twice. */
class Pickler {
  readonly storages: Float32Array[] = [];
  readonly #parts: Buffer[] = [Buffer.of(0x80, 2)];

  finish(value: TorchWritable): Uint8Array {
    this.#write(value);
    this.#code(".");
    return Buffer.concat(this.#parts);
  }

  #write(value: TorchWritable): void {
    if (value === null) this.#code("N");
    else if (typeof value === "boolean") this.#parts.push(Buffer.of(value ? 0x88 : 0x89));
    else if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.#number(value);
    else if ("data" in value) this.#tensor(value);
    else this.#dict(value);
  }

  #code(text: string): void {
    this.#parts.push(Buffer.from(text, "latin1"));
  }

  #text(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.#sized("X", bytes.length);
    this.#parts.push(bytes);
  }

  #sized(code: string, length: number): void {
    const bytes = Buffer.alloc(5);
    bytes.write(code, "latin1");
    bytes.writeUInt32LE(length, 1);
    this.#parts.push(bytes);
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value)) {
      const bytes = Buffer.alloc(9);
      bytes.write("G", "latin1");
      bytes.writeDoubleBE(value, 1);
      this.#parts.push(bytes);
    } else if (value >= 0 && value < 256) this.#parts.push(Buffer.of(0x4b, value));
    else if (Math.abs(value) < 2 ** 31) {
      const bytes = Buffer.alloc(5);
      bytes.write("J", "latin1");
      bytes.writeInt32LE(value, 1);
      this.#parts.push(bytes);
    } else {
      const bytes = Buffer.alloc(10);
      bytes.set([0x8a, 8]);
      bytes.writeBigInt64LE(BigInt(value), 2);
      this.#parts.push(bytes);
    }
  }

  #tuple(values: readonly number[]): void {
    this.#code("(");
    for (const value of values) this.#number(value);
    this.#code("t");
  }

  #emptyDict(): void {
    this.#code("ccollections\nOrderedDict\n)R");
  }

  #dict(items: ReadonlyMap<string, TorchWritable>): void {
    this.#emptyDict();
    if (items.size === 0) return;
    this.#code("(");
    for (const [key, value] of items) {
      this.#text(key);
      this.#write(value);
    }
    this.#code("u");
  }

  #tensor({ shape, data }: TorchArray): void {
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length) {
      throw new FormatError("PyTorch file", `shape [${shape.join(", ")}] needs ${count} values, not ${data.length}`);
    }
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    this.#code("ctorch._utils\n_rebuild_tensor_v2\n((");
    this.#text("storage");
    this.#code("ctorch\nFloatStorage\n");
    this.#text(String(this.storages.push(data) - 1));
    this.#text("cpu");
    this.#number(data.length);
    this.#code("tQ");
    this.#number(0);
    this.#tuple(shape);
    this.#tuple(strides);
    this.#parts.push(Buffer.of(0x89));
    this.#emptyDict();
    this.#code("tR");
  }
}
