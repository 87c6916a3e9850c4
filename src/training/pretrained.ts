// The weights of a pre-trained model, from a run or from a checkpoint file, with all that is needed to use them.

import { stat } from "node:fs/promises";
import { type PretrainConfig, parseConfig, taskOf } from "../config/config.js";
import { storageError } from "../files/storage.js";
import { formatShape, type Shape } from "../graph/index.js";
import { methodNames, methodOf } from "../methods/registry.js";
import { distilledEncoder } from "../methods/teacher.js";
import { decoder } from "../nn/decoder.js";
import { encoder } from "../nn/encoder.js";
import { type Parameter, ParameterScope } from "../nn/parameters.js";
import { encoderShapeOf, patchCount } from "../nn/presets.js";
import { readCheckpoint } from "./checkpoint-file.js";
import type { Checkpoint } from "./checkpoints.js";
import { CheckpointError, UnsuitableCheckpointError } from "./errors.js";
import { reconstructionOf } from "./model.js";
import { type ModelDescription, parseModelDescription } from "./model-description.js";
import { openNewestCheckpoint, type Warn } from "./newest-checkpoint.js";
import { describeTrained, readRunConfig } from "./run-config.js";

/** The values of a tensor, row by row. */
export interface WeightTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Weights with all that is needed to use them. */
export interface PretrainedModel extends ModelDescription {
  /** Under the official names, without optimizer state; `pos_embed` [1, 1 + patches, width] is among them. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** How a run pre-trained it; unknown for imported weights. */
  readonly pretext?: { readonly maskRatio: number; readonly normPixels: boolean };
  /** Where its run computed; undefined for weights of no run. */
  readonly device?: string;
  /** For messages, such as "runs/first, step 2000". */
  readonly origin: string;
}

/** Which weights of a run are taken. */
export interface PretrainedOptions {
  /** Of a run whose method has a teacher: the student in its place. */
  readonly student?: boolean | undefined;
  /** Called where a run's newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

type KnownModel = ModelDescription & Pick<PretrainedModel, "pretext" | "device"> & { readonly teacherPrefix?: string };

/**
 * Reads a run's newest intact checkpoint, or one checkpoint file. Every tensor has the shape that the model's shape
 * asks for. Throws RunDirectoryError, CheckpointError, ConfigError, StorageError.
 */
export async function loadPretrained(path: string, options: PretrainedOptions = {}): Promise<PretrainedModel> {
  if (await isFolder(path)) {
    readRunConfig(path);
    const checkpoint = await openNewestCheckpoint(path, options.warn);
    return pretrainedFrom(checkpoint, `${path}, step ${checkpoint.step}`, options);
  }
  const checkpoint = await readCheckpoint(path);
  return pretrainedFrom(checkpoint, originOf(checkpoint, path), options);
}

/** What messages call a checkpoint that was found at a path; imported weights have no step. */
export function originOf({ step }: Checkpoint, path: string): string {
  return step > 0 ? `${path}, step ${step}` : path;
}

/** Whether `path` is a folder. Throws StorageError where nothing can be read there. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw storageError(error, "read", path);
  }
}

/** The model that a checkpoint holds the weights of. Throws CheckpointError, ConfigError. */
export function pretrainedFrom(
  checkpoint: Checkpoint,
  origin: string,
  { student = false }: PretrainedOptions = {},
): PretrainedModel {
  const { path } = checkpoint;
  const { teacherPrefix, ...description } = descriptionOf(checkpoint);
  if (student && teacherPrefix === undefined) {
    throw new UnsuitableCheckpointError(path, "it holds one encoder, no student beside a teacher");
  }
  const all = new Map<string, WeightTensor>();
  for (const { name, shape, dtype, data } of checkpoint.tensors.values()) {
    if (name.startsWith("optimizer.")) continue;
    if (dtype !== "F32") throw new CheckpointError(path, `expected ${name} to be F32; found ${dtype}`);
    all.set(name, { shape, data });
  }
  const tensors =
    teacherPrefix === undefined ? all : distilledEncoder(all, teacherPrefix, student ? "student" : "teacher");
  const problem = findMisfit(description, tensors);
  if (problem !== undefined) throw new CheckpointError(path, problem);
  return { ...description, tensors, origin: student ? `${origin}, the student` : origin };
}

function descriptionOf({ path, metadata }: Checkpoint): KnownModel {
  if (metadata.config !== undefined) {
    let values: unknown;
    try {
      values = JSON.parse(metadata.config);
    } catch (error) {
      throw new CheckpointError(path, `its configuration is not valid JSON: ${(error as Error).message}`);
    }
    const task = taskOf(values);
    if (task !== "pretrain") throw new UnsuitableCheckpointError(path, `it holds ${describeTrained(task)}`);
    return knownModel(parseConfig(values, `${path}, config`));
  }
  if (metadata.model === undefined) {
    throw new CheckpointError(path, "it does not say which model it is of: expected metadata config or model");
  }
  const description = parseModelDescription(metadata.model);
  if (typeof description === "string") throw new CheckpointError(path, description);
  return description;
}

/** The model that a run of this configuration pre-trains. */
function knownModel(config: PretrainConfig): KnownModel {
  const { decoderWidth, decoderDepth, decoderHeads } = config.model;
  const encoder = {
    shape: encoderShapeOf(config.model),
    normalization: { mean: config.data.mean, std: config.data.std },
    background: config.data.background,
    device: config.run.device,
  };
  const { hasDecoder, teacherPrefix } = methodOf(config);
  const task = reconstructionOf(config);
  return {
    ...encoder,
    decoder: hasDecoder ? { decoderWidth, decoderDepth, decoderHeads } : undefined,
    ...(teacherPrefix !== undefined && { teacherPrefix }),
    ...(task && { pretext: { maskRatio: task.hiddenShare, normPixels: task.normPixels } }),
  };
}

/** The tensors that a model of this shape has, positions included, and their shapes. */
export function modelTensorShapes({ shape, decoder: decoderShape }: Pick<ModelDescription, "shape" | "decoder">) {
  const scope = new ParameterScope();
  const cells = 1 + patchCount(shape);
  encoder(scope, shape);
  const fixed: [string, Shape][] = [["pos_embed", [1, cells, shape.width]]];
  if (decoderShape !== undefined) {
    decoder(scope, { ...shape, ...decoderShape });
    fixed.push(["decoder_pos_embed", [1, cells, decoderShape.decoderWidth]]);
  }
  const trained = scope.parameters.map(({ name, tensor }: Parameter): [string, Shape] => [name, tensor.shape]);
  return new Map<string, Shape>([...trained, ...fixed]);
}

/** Tensors that only pre-training with some methods and options has. */
function otherTensors() {
  return methodNames.flatMap((method) => methodOf({ method }).otherTensors);
}

/** Whether a tensor takes part only in pre-training and is in neither encoder nor decoder. */
export function isPretrainingOnly(name: string): boolean {
  return otherTensors().some(([pattern]) => pattern.test(name));
}

function findMisfit(description: ModelDescription, tensors: ReadonlyMap<string, WeightTensor>): string | undefined {
  // First what bounds the model by the file, so that an absurd description costs no memory.
  const { shape: encoderShape, decoder: decoderShape } = description;
  const cells = 1 + patchCount(encoderShape);
  const bounding: [string, Shape][] = [
    ["pos_embed", [1, cells, encoderShape.width]],
    [`blocks.${encoderShape.depth - 1}.norm1.weight`, [encoderShape.width]],
  ];
  if (decoderShape !== undefined) {
    bounding.push(["decoder_pos_embed", [1, cells, decoderShape.decoderWidth]]);
    bounding.push([`decoder_blocks.${decoderShape.decoderDepth - 1}.norm1.weight`, [decoderShape.decoderWidth]]);
  }
  const wrong = findWrongShape(bounding, tensors);
  if (wrong !== undefined) return wrong;
  const expected = modelTensorShapes(description);
  const misfit = findWrongShape(expected, tensors);
  if (misfit !== undefined) return misfit;
  const others = otherTensors();
  for (const [name, { shape }] of tensors) {
    if (expected.has(name)) continue;
    const rule = others.find(([pattern]) => pattern.test(name));
    if (rule === undefined) return `it has a tensor ${name}, which no model here has`;
    const wanted = rule[1]({ ...description.shape, ...description.decoder });
    if (wanted.length !== shape.length || wanted.some((size, axis) => size !== null && size !== shape[axis])) {
      const text = wanted.map((size) => size ?? "any").join(", ");
      return `expected ${name} to have the shape [${text}]; found ${formatShape(shape)}`;
    }
  }
  return undefined;
}

function findWrongShape(
  expected: Iterable<readonly [string, Shape]>,
  tensors: ReadonlyMap<string, WeightTensor>,
): string | undefined {
  for (const [name, shape] of expected) {
    const found = tensors.get(name);
    if (found === undefined) return `it has no tensor ${name}`;
    if (formatShape(found.shape) !== formatShape(shape)) {
      return `expected ${name} to have the shape ${formatShape(shape)}; found ${formatShape(found.shape)}`;
    }
  }
  return undefined;
}
