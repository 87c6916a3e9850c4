// What a checkpoint of a run holds: parameters under their official names, fixed positions, optimizer moments.

import type { Arrays } from "../engine/index.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import { formatShape, type Shape } from "../graph/index.js";
import { sinCosPositions } from "../nn/positions.js";
import type { EncoderShape } from "../nn/presets.js";
import type { Training } from "../optim/training.js";
import type { Checkpoint } from "./checkpoints.js";
import { CheckpointError } from "./errors.js";

const MEAN_PREFIX = "optimizer.mean.";
const SQUARE_PREFIX = "optimizer.square.";

/** What a step was given, as a failed one is stored. */
export function inputTensors({ inputs }: Training, arrays: Arrays): SafetensorsEntry[] {
  const dtypes = { float32: "F32", float64: "F64", int32: "I32", int64: "I64", uint8: "U8", bool: "BOOL" } as const;
  return [...inputs].map(
    ([name, { dtype, shape }]) => ({ name, dtype: dtypes[dtype], shape, data: arrays[name] }) as SafetensorsEntry,
  );
}

/** Those of a checkpoint's tensors that decide a step's loss and gradients: all but the optimizer's moments. */
export function withoutMoments(tensors: readonly SafetensorsEntry[]): SafetensorsEntry[] {
  return tensors.filter(({ name }) => !name.startsWith(MEAN_PREFIX) && !name.startsWith(SQUARE_PREFIX));
}

/** Parameters, their average if there is one, and moments, as views on the training's buffers, for `restoreState`. */
export function stateTensors(training: Training): SafetensorsEntry[] {
  return stateBuffers(training).flatMap(([prefix, buffer]) => tensorsOf(training.layout, buffer, prefix));
}

function stateBuffers({ state, average }: Training): (readonly [prefix: string, buffer: Float32Array])[] {
  return [
    ["", state.parameters],
    ...(average ? [[average.prefix, average.buffer] as const] : []),
    [MEAN_PREFIX, state.means],
    [SQUARE_PREFIX, state.squares],
  ];
}

function tensorsOf({ entries }: Training["layout"], buffer: Float32Array, prefix: string): SafetensorsEntry[] {
  return entries.map(({ name, shape, offset, size }) =>
    float32(prefix + name, shape, buffer.subarray(offset, offset + size)),
  );
}

/** Puts the state of a checkpoint into the training. Throws CheckpointError where the tensors are not those expected. */
export function restoreState(training: Training, checkpoint: Checkpoint): void {
  for (const [prefix, buffer] of stateBuffers(training)) {
    for (const { name, shape, offset } of training.layout.entries)
      buffer.set(tensorOf(checkpoint, prefix + name, shape), offset);
  }
}

/** One tensor of a checkpoint. Throws CheckpointError where it is missing or of another shape or dtype. */
export function tensorOf({ path, tensors }: Checkpoint, name: string, shape: Shape): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new CheckpointError(path, `it has no tensor ${name}`);
  if (tensor.dtype !== "F32" || formatShape(tensor.shape) !== formatShape(shape)) {
    const found = `${tensor.dtype}${formatShape(tensor.shape)}`;
    throw new CheckpointError(path, `expected ${name} to be F32${formatShape(shape)}; found ${found}`);
  }
  return tensor.data;
}

function float32(name: string, shape: Shape, data: Float32Array): SafetensorsEntry {
  return { name, dtype: "F32", shape, data };
}

/** The fixed positions as the official checkpoints hold them: a zero row for CLS, then one a patch. */
export function positionTensor(name: string, width: number, { imageSize, patchSize }: EncoderShape): SafetensorsEntry {
  const grid = imageSize / patchSize;
  const values = new Float32Array((1 + grid * grid) * width);
  values.set(sinCosPositions(width, grid), width);
  return float32(name, [1, 1 + grid * grid, width], values);
}
