// A pre-trained model in the formats of other libraries.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically, writeJson } from "../files/atomic-write.js";
import { namesIn } from "../files/storage.js";
import { encodeSafetensors, type SafetensorsEntry } from "../formats/safetensors.js";
import { encodeTorchFile, type TorchWritable } from "../formats/torch-writer.js";
import { modelLimits } from "../nn/model-limits.js";
import { resamplePositions } from "../nn/resample-positions.js";
import { OutputError } from "../training/errors.js";
import { prepareOutputs } from "../training/outputs.js";
import {
  describeModel,
  isPretrainingOnly,
  loadPretrained,
  modelTensorShapes,
  type PretrainedModel,
  type WeightTensor,
} from "../training/pretrained.js";
import { runPaths } from "../training/run-directory.js";
import { WeightsRequestError } from "./errors.js";
import type { ExportOptions } from "./export-formats.js";
import { huggingFaceConfig, huggingFacePreprocessor } from "./huggingface-config.js";
import { foreignNames, huggingFaceDecoder, huggingFaceEncoder } from "./key-map.js";

/** What was exported, and what was left out. */
export interface ExportReport {
  readonly origin: string;
  readonly files: readonly string[];
  /** Names of tensors as they were written. */
  readonly written: readonly string[];
  /** Our names of tensors that the format has no place for, or that are of pre-training alone. */
  readonly leftOut: readonly string[];
  /** Of the ONNX file against our own forward pass; undefined for other formats. */
  readonly difference: number | undefined;
}

/**
 * Exports the newest checkpoint of a run, or a checkpoint file. Files are written whole or not at all. Throws
 * OutputError where their names are taken, CheckpointError, RunDirectoryError, StorageError, FormatError, EngineError.
 */
export async function exportWeights(path: string, options: ExportOptions): Promise<ExportReport> {
  const { format, out, overwrite } = options;
  const model = resized(await loadPretrained(path, options), options.imageSize);
  if (format === "huggingface") await checkHuggingFaceFolder(out);
  await prepareOutputs(format === "huggingface" ? huggingFacePaths(out) : [out], {
    overwrite,
    inputs: [path, ...(await checkpointsIn(path))],
  });
  const encoderOnly = options.encoderOnly === true || format === "timm" || format === "onnx";
  const selected = selectTensors(model, encoderOnly, format !== "huggingface");
  const { files, written, difference } = await write(selected, options);
  const leftOut = [...model.tensors.keys()].filter((name) => !selected.tensors.has(name));
  return { origin: model.origin, files, written, leftOut, difference };
}

/** The files that a run's newest checkpoint is one of; none where the path is not a run's. */
async function checkpointsIn(path: string): Promise<string[]> {
  const { checkpoints } = runPaths(path);
  return existsSync(checkpoints) ? (await namesIn(checkpoints)).map((name) => join(checkpoints, name)) : [];
}

type Written = Pick<ExportReport, "files" | "written"> & { readonly difference?: number };

async function write(
  model: PretrainedModel,
  options: ExportOptions,
): Promise<Written & Pick<ExportReport, "difference">> {
  const { out, format } = options;
  const names = [...model.tensors.keys()];
  switch (format) {
    case "safetensors":
      await writeSafetensors(out, model.tensors, { format: "pt", model: describeModel(model) });
      return { files: [out], written: names, difference: undefined };
    case "timm":
      if (out.endsWith(".safetensors")) await writeSafetensors(out, model.tensors, { format: "pt" });
      else await writeAtomically(out, encodeTorchFile(model.tensors));
      return { files: [out], written: names, difference: undefined };
    case "pytorch": {
      const content = new Map<string, TorchWritable>([
        ["model", model.tensors],
        ["mixedae", describeModel(model)],
      ]);
      await writeAtomically(out, encodeTorchFile(content));
      return { files: [out], written: names, difference: undefined };
    }
    case "huggingface":
      return { ...(await writeHuggingFace(out, model)), difference: undefined };
    case "onnx": {
      // Loaded only here, since it brings the engine.
      const { exportOnnx } = await import("./export-onnx.js");
      const { bytes, difference } = await exportOnnx(model, options.pool ?? "mean", packageVersion());
      await writeAtomically(out, [bytes]);
      return { files: [out], written: names, difference };
    }
  }
}

async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata: Record<string, string>,
): Promise<void> {
  const entries = [...tensors].map(
    ([name, { shape, data }]): SafetensorsEntry => ({ name, dtype: "F32", shape, data }),
  );
  const { header, parts } = encodeSafetensors(entries, metadata);
  await writeAtomically(path, [header, ...parts]);
}

/** What MAE's authors pre-train with, for weights that come without a word on it. */
const MAE_PRETEXT = { maskRatio: 0.75, normPixels: true };

/** In the order in which they are written: a folder with a config.json is whole. */
const huggingFaceFiles = ["model.safetensors", "preprocessor_config.json", "config.json"];

function huggingFacePaths(folder: string): string[] {
  return huggingFaceFiles.map((name) => join(folder, name));
}

/** Nothing else may lie in the folder: files of another model would be loaded with it. */
async function checkHuggingFaceFolder(folder: string): Promise<void> {
  const others = (await namesIn(folder)).filter((name) => !huggingFaceFiles.includes(name));
  if (others.length > 0) {
    const found = others.slice(0, 5).join(", ");
    throw new OutputError({
      expected: "a new folder for the export, or one of an earlier export",
      found: `${found} in ${folder}`,
      remedy: "Choose another folder",
    });
  }
}

/** A folder that ViTMAEForPreTraining loads or, without a decoder, ViTModel. */
async function writeHuggingFace(folder: string, model: PretrainedModel): Promise<Written> {
  const tensors = huggingFaceTensors(model);
  const paths = huggingFacePaths(folder);
  await writeSafetensors(paths[0]!, tensors, { format: "pt" });
  await writeJson(paths[1]!, huggingFacePreprocessor(model));
  await writeJson(paths[2]!, huggingFaceConfig(model, model.pretext ?? MAE_PRETEXT));
  return { files: paths, written: [...tensors.keys()] };
}

/** Tensors under Hugging Face's names, query, key and value apart; views on ours. */
export function huggingFaceTensors({ tensors, decoder }: PretrainedModel): Map<string, WeightTensor> {
  const prefix = decoder === undefined ? "" : "vit.";
  const result = new Map<string, WeightTensor>();
  for (const [name, { shape, data }] of tensors) {
    const names =
      foreignNames(huggingFaceEncoder, name)?.map((each) => prefix + each) ?? foreignNames(huggingFaceDecoder, name);
    if (names === undefined) throw new Error(`no name for ${name} in the table of Hugging Face's names`);
    const [rows = 0, ...others] = shape;
    const size = data.length / names.length;
    const partShape = names.length === 1 ? shape : [rows / names.length, ...others];
    for (const [part, each] of names.entries()) {
      result.set(each, { shape: partShape, data: data.subarray(part * size, (part + 1) * size) });
    }
  }
  return result;
}

/** Without what the export has no place for: the decoder, or tensors of pre-training alone. */
function selectTensors(model: PretrainedModel, encoderOnly: boolean, pretrainingOnly: boolean): PretrainedModel {
  const decoder = encoderOnly ? undefined : model.decoder;
  const wanted = modelTensorShapes({ shape: model.shape, decoder });
  const keepsOthers = pretrainingOnly && decoder !== undefined;
  const tensors = [...model.tensors].filter(([name]) => wanted.has(name) || (keepsOthers && isPretrainingOnly(name)));
  return { ...model, decoder, tensors: new Map(tensors) };
}

function resized(model: PretrainedModel, imageSize: number | undefined): PretrainedModel {
  const { shape } = model;
  if (imageSize === undefined || imageSize === shape.imageSize) return model;
  if (imageSize % shape.patchSize !== 0) {
    throw new WeightsRequestError(
      model.origin,
      `expected an image size that is a multiple of the patches of ${shape.patchSize}; found ${imageSize}`,
    );
  }
  const [from, to] = [shape.imageSize, imageSize].map((size) => size / shape.patchSize) as [number, number];
  if (to ** 2 > modelLimits.patches) {
    throw new WeightsRequestError(
      model.origin,
      `expected images of at most ${modelLimits.patches} patches of ${shape.patchSize}; found ${to ** 2}, of ${imageSize} pixels`,
    );
  }
  const tensors = new Map(model.tensors);
  for (const name of ["pos_embed", "decoder_pos_embed"]) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const width = tensor.shape[2]!;
    tensors.set(name, { shape: [1, 1 + to * to, width], data: resamplePositions(tensor.data, from, to, width) });
  }
  return { ...model, shape: { ...shape, imageSize }, tensors };
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
