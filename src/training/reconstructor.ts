// Reconstructs a few images with given weights and draws the sheet.

import type { ReconstructingConfig } from "../config/config.js";
import { type Arrays, type Binding, compile } from "../engine/index.js";
import type { Method } from "../methods/method.js";
import { reconstructionProgram } from "../methods/pretext-program.js";
import { drawPlan } from "./batch-plan.js";
import { methodOf, modelOf } from "./model.js";
import { reconstructionSheet } from "./reconstruction-sheet.js";
import { threadsHere } from "./threads.js";

export interface Reconstructor {
  readonly method: Method;
  /** Draws a sheet for the images with the weights as they are now; the same plan each time. Returns a PNG file. */
  draw(caption: string): Promise<Uint8Array>;
}

/** Prepares to reconstruct images [batch, imageSize, imageSize, 3]; `weights` are read anew at each drawing. */
export async function createReconstructor(
  config: ReconstructingConfig,
  pixels: Uint8Array,
  weights: Arrays,
): Promise<Reconstructor> {
  const { imageSize, patchSize } = config.model;
  const method = methodOf(config);
  const batch = pixels.length / (imageSize ** 2 * 3);
  const program = reconstructionProgram(modelOf(config, method, batch));
  const plan = drawPlan(method, batch / method.groupSize, {
    seed: config.seed,
    stream: "pictures",
    epoch: 0,
    firstGroup: 0,
  });
  const prediction = new Float32Array(program.outputs.get("prediction")!.size);
  const executable = await compile(program, { device: config.run.device, threads: threadsHere(config.run) });
  const needed = Object.entries(weights).filter(([name]) => program.inputs.has(name));
  const binding: Binding = executable.bind(
    { images: pixels, [method.planName]: plan, ...Object.fromEntries(needed) },
    { prediction, loss: new Float32Array(1) },
  );
  return {
    method,
    async draw(caption) {
      await binding.run();
      const { normPixels } = config.methodOptions;
      const shared = { method, imageSize, patchSize, pixels, plan, prediction, normPixels, caption };
      return reconstructionSheet({ ...shared, normalization: config.data });
    },
  };
}
