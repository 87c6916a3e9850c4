// What a checkpoint of a run holds: parameters under their official names, fixed positions, optimizer moments.

import type { Arrays, DeviceArrays } from "../engine/index.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import { dtypes, formatShape, type Shape } from "../graph/index.js";
import type { Training } from "../optim/training.js";
import type { Checkpoint } from "./checkpoints.js";
import { CheckpointError } from "./errors.js";

const MEAN_PREFIX = "optimizer.mean.";
const SQUARE_PREFIX = "optimizer.square.";

/** What a step was given, as a failed one is stored. */
export function inputTensors({ inputs }: Training, arrays: Arrays): SafetensorsEntry[] {
  return [...inputs].map(([name, { dtype, shape }]) => {
    return { name, dtype: dtypes[dtype].safetensors, shape, data: arrays[name] } as SafetensorsEntry;
  });
}

/** Those of a checkpoint's tensors that decide a step's loss and gradients: all but the optimizer's moments. */
export function withoutMoments(tensors: readonly SafetensorsEntry[]): SafetensorsEntry[] {
  return tensors.filter(({ name }) => !name.startsWith(MEAN_PREFIX) && !name.startsWith(SQUARE_PREFIX));
}

/** Parameters, their average if there is one, and moments, as they are now, for `restoreState`. */
export function stateTensors(training: Training): Promise<SafetensorsEntry[]> {
  return Promise.all(
    stateArrays(training).flatMap(([prefix, { tensors, byName }]) =>
      tensors.map(async ({ name, shape }) => float32(prefix + name, shape, await byName[name]!.read())),
    ),
  );
}

/** All arrays that training changes, and what stands before their names in checkpoints. */
export function stateArrays({
  state,
  average,
}: Training): (readonly [prefix: string, arrays: DeviceArrays<unknown>])[] {
  return [
    ["", state.parameters],
    ...(average ? [[average.prefix, average.arrays] as const] : []),
    [MEAN_PREFIX, state.means],
    [SQUARE_PREFIX, state.squares],
  ];
}

/** Puts the state of a checkpoint into the training. Throws CheckpointError where the tensors are not those expected. */
export async function restoreState(training: Training, checkpoint: Checkpoint): Promise<void> {
  for (const [prefix, { tensors, byName }] of stateArrays(training)) {
    for (const { name, shape } of tensors) await byName[name]!.write(tensorOf(checkpoint, prefix + name, shape));
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

/** Fixed positions [patches, width] as the official checkpoints hold them: a zero row for CLS, then one a patch. */
export function positionTensor(name: string, width: number, positions: Float32Array): SafetensorsEntry {
  const values = new Float32Array(width + positions.length);
  values.set(positions, width);
  return float32(name, [1, values.length / width, width], values);
}
