// What iBOT draws on the host for a batch: the masks of the global crops, and the student's drop path.
import { drawBranchScales } from "../../nn/drop-path.js";
import type { EncoderShape } from "../../nn/presets.js";
import { randomStream } from "../../random/index.js";
import { drawMask } from "./masks.js";
import type { IbotOptions } from "./options.js";

/** Where in a run it is drawn for: the same position gives the same draws. */
export interface DrawPosition {
  readonly seed: number;
  readonly epoch: number;
  /** The number of the batch's first image within the epoch. */
  readonly firstImage: number;
}

/** Inputs of the step program, by name. */
export interface IbotDraws {
  /** [batch, 2, patches] */
  readonly masks: Int32Array;
  /** [batch, 2 + local crops, depth, 2]; left out without drop path. */
  readonly branchScales?: Float32Array;
}

/** Every image's draws are a function of its position in the run alone. */
export function drawIbotInputs(
  { imageSize, patchSize, depth }: EncoderShape,
  options: IbotOptions,
  batch: number,
  { seed, epoch, firstImage }: DrawPosition,
): IbotDraws {
  const grid = imageSize / patchSize;
  const crops = 2 + options.localCrops;
  const masks = new Int32Array(batch * 2 * grid * grid);
  const branchScales = new Float32Array(batch * crops * depth * 2);
  for (let image = 0; image < batch; image++) {
    const maskStream = randomStream(seed, "ibot-mask", epoch, firstImage + image);
    for (const crop of [0, 1]) masks.set(drawMask(maskStream, grid, options), (image * 2 + crop) * grid * grid);
    const pathStream = randomStream(seed, "ibot-drop-path", epoch, firstImage + image);
    for (let crop = 0; crop < crops; crop++) {
      branchScales.set(drawBranchScales(pathStream, depth, options.dropPath), (image * crops + crop) * depth * 2);
    }
  }
  return { masks, ...(options.dropPath > 0 && { branchScales }) };
}
