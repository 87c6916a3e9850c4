// What a run of a dense task has learnt, as its checkpoint holds it.

import { taskOf } from "../config/config.js";
import type { Weights } from "../heads/weights.js";
import type { Parameter } from "../nn/parameters.js";
import type { EncoderShape } from "../nn/presets.js";
import { readCheckpoint } from "../training/checkpoint-file.js";
import type { Checkpoint } from "../training/checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError, UnsuitableRunError } from "../training/errors.js";
import { tensorOf } from "../training/model-state.js";
import { openNewestCheckpoint, type Warn } from "../training/newest-checkpoint.js";
import { isFolder, originOf } from "../training/pretrained.js";
import { describeTrained, readConfigFile } from "../training/run-config.js";

/** A kind of model, for reading and for messages. */
export interface DenseModelKind<Config> {
  /** As config.json has it, and the command is called. */
  readonly task: string;
  /** "segmentation model", say. */
  readonly noun: string;
  /** Throws ConfigError. */
  parse(values: unknown, origin: string): Config;
}

/** A checkpoint with its configuration. */
export interface DenseCheckpoint<Config> {
  readonly checkpoint: Checkpoint;
  readonly config: Config;
  /** For messages, such as "runs/scenes, step 1000". */
  readonly origin: string;
}

/**
 * Reads a run's newest intact checkpoint, or one checkpoint file. `warn` is told where a newer one is damaged. Throws
 * RunDirectoryError, CheckpointError, ConfigError.
 */
export async function readDenseCheckpoint<Config>(
  path: string,
  kind: DenseModelKind<Config>,
  warn?: Warn,
): Promise<DenseCheckpoint<Config>> {
  if (!(await isFolder(path))) return configured(await readCheckpoint(path), path, kind);
  const task = taskOf(readConfigFile(path));
  if (task !== kind.task) {
    const what = task === "pretrain" ? "a pre-trained encoder" : describeTrained(task);
    throw new UnsuitableRunError(
      `${path} holds ${what}: expected a run of mixedae ${kind.task} train. ` +
        `To make one: mixedae ${kind.task} train --from ${path} --data FOLDER --out NEW`,
    );
  }
  return configured(await openNewestCheckpoint(path, warn), path, kind);
}

function configured<Config>(
  checkpoint: Checkpoint,
  path: string,
  { task, noun, parse }: DenseModelKind<Config>,
): DenseCheckpoint<Config> {
  const { metadata } = checkpoint;
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "null");
  } catch (error) {
    throw new CheckpointError(checkpoint.path, `its configuration is not valid JSON: ${(error as Error).message}`);
  }
  if (taskOf(values) !== task) throw new UnsuitableCheckpointError(path, `it holds no ${noun}`);
  return { checkpoint, config: parse(values, `${checkpoint.path}, config`), origin: originOf(checkpoint, path) };
}

/** The weights of the parameters that `build` makes. Throws CheckpointError where one is missing or misshapen. */
export function weightsIn(
  checkpoint: Checkpoint,
  { depth, width }: EncoderShape,
  build: () => readonly Parameter[],
): Weights<Float32Array> {
  // First a tensor of the last block, so that an absurd description costs no memory.
  tensorOf(checkpoint, `blocks.${depth - 1}.norm1.weight`, [width]);
  return new Map(
    build().map(({ name, tensor: { shape } }) => [name, { shape, data: tensorOf(checkpoint, name, shape) }]),
  );
}
