// Opens whatever holds weights: a PyTorch file, a safetensors file or a Hugging Face folder.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { storageError } from "../files/storage.js";
import { FormatError } from "../formats/errors.js";
import { bfloat16ToFloat32, halfToFloat32 } from "../formats/half.js";
import { isDict, type PickleDict, type PickleValue } from "../formats/pickle-values.js";
import {
  decodeSafetensorsHeader,
  type SafetensorsSpan,
  safetensorsArray,
  safetensorsDataStart,
} from "../formats/safetensors.js";
import { TorchFile } from "../formats/torch-file.js";
import { TorchTensor } from "../formats/torch-types.js";
import { WeightsRequestError } from "./errors.js";
import { type FileBytes, openBytes } from "./file-bytes.js";
import { type HuggingFaceConfig, readHuggingFaceConfig } from "./huggingface-config.js";
import { knownEntries } from "./key-map.js";

/** A tensor of a file, read only when it is asked for. */
export interface SourceTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly read: () => Float32Array;
}

export interface WeightsSource {
  readonly format: string;
  /** The entry of the file that the tensors are in, such as "model" or "teacher"; empty for the file itself. */
  readonly entry: string;
  /** Other entries that were not read. */
  readonly otherEntries: readonly string[];
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly huggingFace: HuggingFaceConfig | undefined;
  /** What a file of ours says about its model, as text. */
  readonly description: string | undefined;
  close(): void;
}

const huggingFaceWeights = ["model.safetensors", "pytorch_model.bin"];

/** The files that a path's weights are read from: the path itself, or those in a Hugging Face folder. */
export function weightFiles(path: string): string[] {
  return [path, ...huggingFaceWeights.map((name) => join(path, name))];
}

/** `entry` names the part of a file with several sets of weights. Throws FormatError, StorageError. */
export function openWeights(path: string, entry?: string): WeightsSource {
  try {
    if (!statSync(path).isDirectory()) return openFile(path, entry);
  } catch (error) {
    throw storageError(error, "read", path);
  }
  const huggingFace = readHuggingFaceConfig(path);
  const files = huggingFaceWeights.map((name) => join(path, name));
  const file = files.find((name) => existsSync(name));
  if (file === undefined) {
    const sharded = ["model.safetensors.index.json", "pytorch_model.bin.index.json"].some((name) =>
      existsSync(join(path, name)),
    );
    throw new WeightsRequestError(
      path,
      sharded
        ? "its weights are split over several files, which is not supported. Save the model again with a larger max_shard_size"
        : "expected model.safetensors or pytorch_model.bin next to its config.json; found neither",
    );
  }
  return { ...openFile(file, entry), format: "Hugging Face folder", huggingFace };
}

function openFile(path: string, entry: string | undefined): WeightsSource {
  const file = openBytes(path);
  try {
    const start = file.read(0, Math.min(16, file.size));
    // The length of a safetensors header may begin with any byte, "P" of a zip archive among them.
    if (start[8] === 0x7b) return openSafetensors(file, entry);
    if (start[0] === 0x50 || start[0] === 0x80) return openTorch(file, entry);
    throw new WeightsRequestError(path, "it is neither a PyTorch file (.pth, .pt, .bin) nor safetensors");
  } catch (error) {
    file.close();
    throw withPath(error, path);
  }
}

/** Names the file in what its codec says. */
export function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof FormatError) || error.format === path) return error;
  return new FormatError(path, `${error.format}: ${error.problem}`);
}

function openSafetensors(file: FileBytes, entry: string | undefined): WeightsSource {
  if (entry !== undefined)
    throw new WeightsRequestError(file.path, `a safetensors file has no entries, so none called ${entry}`);
  const start = safetensorsDataStart(file.read(0, Math.min(8, file.size)), file.size);
  const { metadata, spans } = decodeSafetensorsHeader(file.read(0, start), file.size);
  if (metadata.format === "mixedae-checkpoint") {
    throw new WeightsRequestError(file.path, "it is a checkpoint of mixedae already: use it as it is");
  }
  const tensors = new Map<string, SourceTensor>();
  for (const [name, span] of spans) {
    tensors.set(name, { shape: span.shape, dtype: dtypeNames[span.dtype], read: () => readSpan(file, name, span) });
  }
  return source(file, { format: "safetensors", entry: "", otherEntries: [], tensors, description: metadata.model });
}

const dtypeNames: Readonly<Record<SafetensorsSpan["dtype"], string>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

function readSpan(file: FileBytes, name: string, { dtype, begin, end }: SafetensorsSpan): Float32Array {
  const bytes = file.read(begin, end - begin);
  if (dtype === "F32") return safetensorsArray(dtype, bytes);
  if (dtype === "F64") return Float32Array.from(safetensorsArray(dtype, bytes));
  if (dtype === "F16") return halfToFloat32(safetensorsArray(dtype, bytes));
  if (dtype === "BF16") return bfloat16ToFloat32(safetensorsArray(dtype, bytes));
  throw new FormatError(file.path, `expected ${name} to hold floats; found ${dtypeNames[dtype]}`);
}

function openTorch(file: FileBytes, wanted: string | undefined): WeightsSource {
  const torch = new TorchFile(file.read, file.size);
  const found = new Map<string, PickleDict>();
  if (isDict(torch.value)) {
    if (holdsTensors(torch.value)) found.set("", torch.value);
    for (const [key, value] of torch.value) {
      if (typeof key === "string" && isDict(value) && holdsTensors(value)) found.set(key, value);
    }
  }
  const entry = chooseEntry(file.path, found, torch.value, wanted);
  const tensors = new Map<string, SourceTensor>();
  for (const [key, value] of found.get(entry)!) {
    if (typeof key !== "string" || !(value instanceof TorchTensor)) continue;
    tensors.set(key, { shape: value.shape, dtype: value.dtype, read: () => torch.floats(value) });
  }
  const top = isDict(torch.value) ? torch.value : new Map();
  const description = top.get("mixedae");
  const otherEntries =
    entry === "" ? [] : [...top.keys()].filter((key) => key !== entry && key !== "mixedae").map(String);
  return source(file, {
    format: "PyTorch file",
    entry,
    otherEntries,
    tensors,
    description: typeof description === "string" ? description : undefined,
  });
}

function holdsTensors(dict: PickleDict): boolean {
  for (const [key, value] of dict) if (typeof key === "string" && value instanceof TorchTensor) return true;
  return false;
}

function chooseEntry(
  path: string,
  found: ReadonlyMap<string, unknown>,
  value: PickleValue,
  wanted: string | undefined,
): string {
  const choices = [...found.keys()].filter((key) => key !== "");
  if (wanted !== undefined) {
    if (found.has(wanted)) return wanted;
    throw new WeightsRequestError(
      path,
      `it has no weights under ${wanted}; it has them under ${choices.join(", ") || "no name"}`,
    );
  }
  if (found.has("")) return "";
  const known = knownEntries.find((key) => found.has(key));
  if (known !== undefined) return known;
  if (choices.length === 1) return choices[0]!;
  if (choices.length > 1) {
    throw new WeightsRequestError(
      path,
      `it has several sets of weights: ${choices.join(", ")}. Choose one with --entry`,
    );
  }
  const what = isDict(value) ? `a dict of ${[...value.keys()].slice(0, 10).map(String).join(", ")}` : "no dict";
  throw new WeightsRequestError(path, `expected a dict of tensors, or one under model or state_dict; found ${what}`);
}

function source(file: FileBytes, values: Omit<WeightsSource, "huggingFace" | "close">): WeightsSource {
  return { ...values, huggingFace: undefined, close: () => file.close() };
}
