// A pre-trained or fine-tuned model in the formats of other libraries.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically, writeJson } from "../files/atomic-write.js";
import { namesIn } from "../files/storage.js";
import { encodeSafetensors, type SafetensorsEntry } from "../formats/safetensors.js";
import { encodeTorchFile, type TorchWritable } from "../formats/torch-writer.js";
import { OutputError } from "../training/errors.js";
import { loadTrained } from "../training/fine-tuned.js";
import { prepareOutputs } from "../training/outputs.js";
import type { WeightTensor } from "../training/pretrained.js";
import { runPaths } from "../training/run-folder.js";
import type { ExportOptions } from "./export-formats.js";
import type { ExportableModel, HuggingFaceModel } from "./exportable.js";
import { exportableClassifier } from "./exportable-classifier.js";
import { exportableEncoder } from "./exportable-encoder.js";

/** What was exported, and what was left out. */
export interface ExportReport {
  readonly origin: string;
  readonly files: readonly string[];
  /** Names of tensors as they were written. */
  readonly written: readonly string[];
  /** Our names of tensors that the format has no place for, or that are of pre-training alone. */
  readonly leftOut: readonly string[];
  /** Of a classifier, in the order of its outputs. */
  readonly classes: readonly string[] | undefined;
  /** The Python call that makes the model or loads it, for timm and huggingface. */
  readonly loadWith: string | undefined;
  /** Of the ONNX file against our own forward pass; undefined for other formats. */
  readonly difference: number | undefined;
}

/**
 * Exports the newest checkpoint of a run, or a checkpoint file: an encoder or a fine-tuned classifier. Files are written
 * whole or not at all. Throws OutputError where their names are taken, CheckpointError, RunDirectoryError, StorageError,
 * FormatError, EngineError.
 */
export async function exportWeights(path: string, options: ExportOptions): Promise<ExportReport> {
  const { format, out, overwrite } = options;
  const trained = await loadTrained(path, options);
  const model =
    trained.kind === "pretrained"
      ? exportableEncoder(trained.model, options)
      : exportableClassifier(trained.classifier, options);
  if (format === "huggingface") await checkHuggingFaceFolder(out);
  await prepareOutputs(format === "huggingface" ? huggingFacePaths(out) : [out], {
    overwrite,
    inputs: [path, ...(await checkpointsIn(path))],
  });
  const classes = trained.kind === "classifier" ? trained.classifier.classes : undefined;
  return { origin: model.origin, leftOut: model.leftOut, classes, ...(await write(model, options)) };
}

/** The files that a run's newest checkpoint is one of; none where the path is not a run's. */
async function checkpointsIn(path: string): Promise<string[]> {
  const { checkpoints } = runPaths(path);
  return existsSync(checkpoints) ? (await namesIn(checkpoints)).map((name) => join(checkpoints, name)) : [];
}

type Written = Pick<ExportReport, "files" | "written" | "difference" | "loadWith">;

async function write(model: ExportableModel, { out, format }: ExportOptions): Promise<Written> {
  const { tensors, description, labels } = model;
  const result: Written = { files: [out], written: [...tensors.keys()], difference: undefined, loadWith: undefined };
  switch (format) {
    case "safetensors":
      await writeSafetensors(out, tensors, { format: "pt", model: description, ...labels });
      return result;
    case "timm":
      if (out.endsWith(".safetensors")) await writeSafetensors(out, tensors, { format: "pt", ...labels });
      else await writeAtomically(out, encodeTorchFile(tensors));
      return { ...result, loadWith: model.timm };
    case "pytorch": {
      const content = new Map<string, TorchWritable>([
        ["model", tensors],
        ["mixedae", description],
        ...Object.entries(labels),
      ]);
      await writeAtomically(out, encodeTorchFile(content));
      return result;
    }
    case "huggingface":
      return { ...result, ...(await writeHuggingFace(out, model.huggingFace())) };
    case "onnx": {
      const { bytes, difference } = await model.onnx(packageVersion());
      await writeAtomically(out, [bytes]);
      return { ...result, difference };
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

async function writeHuggingFace(
  folder: string,
  { architecture, tensors, config, preprocessor }: HuggingFaceModel,
): Promise<Pick<Written, "files" | "written" | "loadWith">> {
  const paths = huggingFacePaths(folder);
  await writeSafetensors(paths[0]!, tensors, { format: "pt" });
  await writeJson(paths[1]!, preprocessor);
  await writeJson(paths[2]!, config);
  const loadWith = `transformers.${architecture}.from_pretrained(${JSON.stringify(folder)})`;
  return { files: paths, written: [...tensors.keys()], loadWith };
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
