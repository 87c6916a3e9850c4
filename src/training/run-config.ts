// The configuration in a run's folder, read without taking its lock.

import { type PretrainConfig, parseConfig, reconstructs, taskOf } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { checkFormatVersion } from "../config/format-version.js";
import { readTextIfThere } from "../files/storage.js";
import { methodNames, methodOf } from "../methods/registry.js";
import { printable } from "../terminal/printable.js";
import { UnsuitableRunError } from "./errors.js";
import { runPaths } from "./run-folder.js";

/** That of a pre-training run. Throws RunDirectoryError for any other folder, ConfigError. */
export function readRunConfig(folder: string): PretrainConfig {
  const values = readConfigFile(folder);
  const task = taskOf(values);
  if (task !== "pretrain") {
    throw new UnsuitableRunError(`${folder} holds ${describeTrained(task)}: expected a run of mixedae pretrain`);
  }
  return parseConfig(values, runPaths(folder).config);
}

/** What a run of a task other than pre-training holds, and what takes it, for messages. */
export function describeTrained(task: string): string {
  const known: Readonly<Record<string, string>> = {
    finetune: "a fine-tuned classifier, which mixedae classify, embed and export take",
    segment: "a segmentation model, which mixedae segment evaluate and predict take",
    detect: "a detector, which mixedae detect evaluate and predict take",
  };
  return known[task] ?? `a model of a task that this version does not know, ${printable(task)}`;
}

/** The same for a run whose method reconstructs images. Throws RunDirectoryError for any other. */
export function readReconstructingConfig(folder: string): PretrainConfig {
  const config = readRunConfig(folder);
  if (reconstructs(config)) return config;
  const reconstructing = methodNames.filter((method) => methodOf({ method }).reconstruction !== undefined);
  throw new UnsuitableRunError(
    `${folder} was trained with ${config.method}, which reconstructs nothing: expected a run of one of ` +
      reconstructing.join(", "),
  );
}

/**
 * A run's config.json without its format version, its keys not checked yet. Throws RunDirectoryError when the folder is
 * no run, and ConfigError, also where it was written by a newer version of this program.
 */
export function readConfigFile(folder: string): unknown {
  const path = runPaths(folder).config;
  const text = readTextIfThere(path);
  if (text === undefined) {
    throw new UnsuitableRunError(
      `${folder} is not a run: expected a folder with a config.json, as mixedae pretrain and mixedae finetune make`,
    );
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${path} is not valid JSON: ${(error as Error).message}`]);
  }
  if (isHuggingFaceConfig(values)) {
    throw new UnsuitableRunError(
      `${folder} holds a model of Hugging Face's transformers, and is not a run. ` +
        `To make a checkpoint of it: mixedae import ${folder} --out NEW.safetensors`,
    );
  }
  return checkFormatVersion(values, path);
}

/** No configuration of ours has this key. */
function isHuggingFaceConfig(values: unknown): boolean {
  return typeof values === "object" && values !== null && "model_type" in values;
}
