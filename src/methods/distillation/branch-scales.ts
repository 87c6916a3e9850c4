// The student's drop path, crop by crop: what is drawn for a batch, and as a program has it.
import { input, type Tensor } from "../../graph/index.js";
import { drawBranchScales } from "../../nn/drop-path.js";
import type { EncoderShape } from "../../nn/presets.js";
import { randomStream } from "../../random/index.js";
import type { Position } from "../method.js";
import { GLOBAL_CROPS } from "./crops.js";
import type { DistillationOptions } from "./options.js";

type ScaleOptions = Pick<DistillationOptions, "localCrops" | "dropPath">;

/** Inputs of the step program, by name. */
export interface ScaleDraws {
  /** [batch, 2 + local crops, depth, 2]; left out without drop path. */
  readonly branchScales?: Float32Array;
}

/** Every image's draws are a function of its position in the run alone. Each method has a random stream of its own. */
export function drawCropScales(
  streamName: string,
  { depth }: EncoderShape,
  { localCrops, dropPath }: ScaleOptions,
  batch: number,
  { seed, epoch, firstImage }: Position,
): ScaleDraws {
  if (dropPath === 0) return {};
  const crops = GLOBAL_CROPS + localCrops;
  const branchScales = new Float32Array(batch * crops * depth * 2);
  for (let image = 0; image < batch; image++) {
    const stream = randomStream(seed, streamName, epoch, firstImage + image);
    for (let crop = 0; crop < crops; crop++) {
      branchScales.set(drawBranchScales(stream, depth, dropPath), (image * crops + crop) * depth * 2);
    }
  }
  return { branchScales };
}

export interface ScaleInputs {
  /** Of the global crops [2 * batch, depth, 2], and of the local ones alike; left out without drop path. */
  readonly global?: Tensor;
  readonly local?: Tensor;
}

/** With drop path the input `branchScales` [batch, 2 + local crops, depth, 2], in the order of the crops. */
export function scaleInputs(
  { depth }: EncoderShape,
  { localCrops, dropPath }: ScaleOptions,
  batch: number,
): ScaleInputs {
  if (dropPath === 0) return {};
  const crops = GLOBAL_CROPS + localCrops;
  const scales = input("branchScales", [batch, crops, depth, 2])
    .transpose([1, 0, 2, 3])
    .reshape([crops * batch, depth, 2]);
  const globals = GLOBAL_CROPS * batch;
  return { global: scales.slice(0, 0, globals), ...(localCrops > 0 && { local: scales.slice(0, globals) }) };
}
