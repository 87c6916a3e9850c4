// What iBOT draws on the host for a batch: the masks of the global crops, and the student's drop path.
import { type EncoderShape, patchCount, patchGrid } from "../../nn/presets.js";
import { randomStream } from "../../random/index.js";
import { drawCropScales, type ScaleDraws } from "../distillation/branch-scales.js";
import { GLOBAL_CROPS } from "../distillation/crops.js";
import type { Position } from "../method.js";
import { drawMask } from "./masks.js";
import type { IbotOptions } from "./options.js";

/** Inputs of the step program, by name. */
export interface IbotDraws extends ScaleDraws {
  /** [batch, 2, patches] */
  readonly masks: Int32Array;
}

/** Every image's draws are a function of its position in the run alone. */
export function drawIbotInputs(
  shape: EncoderShape,
  options: IbotOptions,
  batch: number,
  position: Position,
): IbotDraws {
  const { seed, epoch, firstImage } = position;
  const grid = patchGrid(shape);
  const patches = patchCount(shape);
  const masks = new Int32Array(batch * GLOBAL_CROPS * patches);
  for (let image = 0; image < batch; image++) {
    const stream = randomStream(seed, "ibot-mask", epoch, firstImage + image);
    for (let crop = 0; crop < GLOBAL_CROPS; crop++) {
      masks.set(drawMask(stream, grid, options), (image * GLOBAL_CROPS + crop) * patches);
    }
  }
  return { masks, ...drawCropScales("ibot-drop-path", shape, options, batch, position) };
}
