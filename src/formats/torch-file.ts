// Reads what torch.save writes (the zip format of PyTorch 1.6 and later), and runs nothing of it.
//
// One folder in the archive holds `data.pkl`, a pickle in which tensors refer to their storages by number, and
// `data/0`, `data/1`, ..., the bytes of each storage. Source: torch/serialization.py and torch/_utils.py describe both.

import { FormatError } from "./errors.js";
import { LARGEST_PICKLE, readPickle } from "./pickle.js";
import { PickleGlobal, PickleObject, type PickleRules, PickleTuple, type PickleValue } from "./pickle-values.js";
import { TorchStorage, TorchTensor, type TorchType, torchTypes } from "./torch-types.js";
import { type ReadBytes, readZipDirectory, readZipEntry, type ZipEntry } from "./zip.js";

const MAX_RANK = 64;
/** Values that a tensor may repeat by strides of 0, beyond those that its storage has. */
const MAX_REPEATED = 1 << 20;

/** A file whose structure has been read; the numbers are read, and verified, when they are asked for. */
export class TorchFile {
  readonly #read: ReadBytes;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #folder: string;
  /** Bytes that may still be made of it: many small tensors can be views on one large storage. */
  #allowance: number;
  #last: { key: string; bytes: Uint8Array } | undefined;

  /** What was saved: tensors are TorchTensors, dicts maps, tuples PickleTuples, lists arrays. */
  readonly value: PickleValue;

  /** Throws FormatError where the file is not what torch.save writes, or refers to anything but tensors and data. */
  constructor(read: ReadBytes, fileSize: number) {
    if (fileSize > 0) checkStart(read(0, Math.min(16, fileSize)));
    this.#read = read;
    this.#entries = readZipDirectory(read, fileSize);
    this.#allowance = 4 * fileSize + (1 << 26);
    const pickles = [...this.#entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
    if (pickles.length !== 1) {
      refuse(
        `expected one folder with a data.pkl; found ${pickles.length}. A TorchScript or other zip archive is not a list of weights`,
      );
    }
    this.#folder = pickles[0]!.slice(0, -"data.pkl".length);
    const order = this.#entries.get(`${this.#folder}byteorder`);
    if (order !== undefined) {
      const text = order.size <= 16 ? Buffer.from(readZipEntry(read, order)).toString("latin1") : "";
      if (text !== "little") refuse("its numbers are not in little-endian order");
    }
    const entry = this.#entries.get(pickles[0]!)!;
    if (entry.size > LARGEST_PICKLE) {
      refuse(`its data.pkl has ${entry.size} bytes, more than any list of weights takes (${LARGEST_PICKLE})`);
    }
    this.value = readPickle(readZipEntry(read, entry), this.#rules());
  }

  /** The values of a tensor, row by row, as float32. Throws FormatError where it does not hold floats. */
  floats(tensor: TorchTensor): Float32Array {
    const { storage, shape, strides, offset, size } = tensor;
    const { bytes: width, toFloat32 } = storage.type;
    if (toFloat32 === undefined) return refuse(`expected a tensor of floats; found ${storage.type.name}`);
    this.#allowance -= 4 * size;
    if (this.#allowance < 0) refuse("its tensors hold far more values than the file does");
    const bytes = this.#storageBytes(storage);
    if (tensor.isContiguous) {
      // A copy, for a view would keep the whole storage alive.
      return toFloat32(new Uint8Array(bytes.subarray(offset * width, (offset + size) * width)));
    }
    const values = toFloat32(bytes);
    const result = new Float32Array(size);
    const index = new Array<number>(shape.length).fill(0);
    let place = offset;
    for (let i = 0; i < size; i++) {
      result[i] = values[place]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        place += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        place -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
    return result;
  }

  #storageBytes({ key }: TorchStorage): Uint8Array {
    if (this.#last?.key !== key) {
      this.#last = { key, bytes: readZipEntry(this.#read, this.#entries.get(`${this.#folder}data/${key}`)!) };
    }
    return this.#last.bytes;
  }

  #rules(): PickleRules {
    return { globals, allowed: "tensors, plain data and argparse.Namespace", persistent: (id) => this.#storage(id) };
  }

  /** From ("storage", class, key, device, elements); that its file has their bytes is checked at once. */
  #storage(id: PickleValue): TorchStorage {
    const [kind, type, key, , length] = id instanceof PickleTuple ? id.items : [];
    if (kind !== "storage" || !(type instanceof StorageClass) || typeof key !== "string" || !isSize(length)) {
      return refuse("a persistent id is not of the form (storage, class, key, device, elements)");
    }
    const entry = this.#entries.get(`${this.#folder}data/${key}`);
    if (entry === undefined) return refuse(`storage ${JSON.stringify(key.slice(0, 40))} has no bytes in the file`);
    if (entry.size !== length * type.type.bytes) {
      refuse(
        `storage ${key} of ${length} ${type.type.name} needs ${length * type.type.bytes} bytes, but has ${entry.size}`,
      );
    }
    return new TorchStorage(type.type, key, length);
  }
}

/** A storage's class, of which only the element type matters. */
class StorageClass extends PickleGlobal {
  constructor(
    name: string,
    readonly type: TorchType,
  ) {
    super(name, undefined);
  }
}

/** All that a file may refer to. A Namespace is what official checkpoints keep their options in: data that does nothing. */
const globals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    new PickleGlobal("collections.OrderedDict", orderedDict),
    new PickleGlobal("torch._utils._rebuild_tensor_v2", rebuildTensor),
    new PickleGlobal("torch._utils._rebuild_parameter", rebuildParameter),
    new PickleGlobal("argparse.Namespace", () => new PickleObject("argparse.Namespace")),
    ...[...torchTypes].map(([name, type]) => new StorageClass(`torch.${name}`, type)),
  ].map((global) => [global.name, global]),
);

function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length > 0) refuse("an OrderedDict is made from arguments; expected it to be filled item by item");
  return new Map();
}

/** (storage, offset, shape, strides, requires_grad, hooks, metadata?) */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof TorchStorage) || !isSize(offset)) return refuse("a tensor has no storage or offset");
  if (!(shape instanceof PickleTuple) || !(strides instanceof PickleTuple))
    return refuse("a tensor has no shape or strides");
  const [sizes, steps] = [shape.items, strides.items];
  if (sizes.length !== steps.length || sizes.length > MAX_RANK || !sizes.every(isSize) || !steps.every(isSize)) {
    return refuse(`a tensor has ${sizes.length} sizes and ${steps.length} strides that do not make a shape`);
  }
  const count = sizes.reduce((product, size) => product * size, 1);
  const last = sizes.reduce((place, size, axis) => place + (size - 1) * steps[axis]!, offset);
  // A tensor without elements reads nothing, wherever it points.
  if (count > 0 && !(last < storage.length)) {
    refuse(`a tensor of shape [${sizes.join(", ")}] reaches to element ${last} of a storage of ${storage.length}`);
  }
  if (!(count <= storage.length + MAX_REPEATED)) {
    refuse(`a tensor of shape [${sizes.join(", ")}] repeats a storage of ${storage.length} elements too often`);
  }
  return new TorchTensor(storage, sizes, steps, offset);
}

/** (tensor, requires_grad, hooks) */
function rebuildParameter([tensor]: readonly PickleValue[]): TorchTensor {
  return tensor instanceof TorchTensor ? tensor : refuse("a parameter is not a tensor");
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The files of earlier versions are not zip archives: a pickle of a magic number comes first. */
function checkStart(start: Uint8Array): void {
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  if (start[0] === 0x80 && start.length > 12 && start[2] === 0x8a && start[3] === 10) {
    refuse(
      "it was written in the format before PyTorch 1.6. Save it anew in Python: " +
        'torch.save(torch.load("old.pth", map_location="cpu"), "new.pth")',
    );
  }
  refuse("it does not begin as a zip archive does");
}

function refuse(problem: string): never {
  throw new FormatError("PyTorch file", problem);
}
