// Reconstructs a few images with given weights and draws the sheet.

import type { PretrainConfig } from "../config/config.js";
import type { Bindable, Engine } from "../engine/index.js";
import { drawPlan } from "../methods/plan.js";
import { reconstructionProgram } from "../methods/pretext-program.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { reconstructionModel } from "./model.js";
import { reconstructionSheet } from "./reconstruction-sheet.js";

export interface Reconstructor {
  /** Draws a sheet for the images with the weights as they are now; the same plan each time. Returns a PNG file. */
  draw(caption: string): Promise<Uint8Array>;
}

/** Prepares to reconstruct images [batch, imageSize, imageSize, 3]; `weights` are read anew at each drawing. */
export async function createReconstructor(
  config: PretrainConfig,
  task: ReconstructionTask,
  pixels: Uint8Array,
  weights: Bindable,
  engine: Engine,
): Promise<Reconstructor> {
  const { imageSize, patchSize } = config.model;
  const batch = pixels.length / (imageSize ** 2 * 3);
  const program = reconstructionProgram(reconstructionModel(config, task, batch));
  const plan = drawPlan(task, batch / task.groupSize, {
    seed: config.seed,
    stream: "pictures",
    epoch: 0,
    firstGroup: 0,
  });
  const prediction = new Float32Array(program.outputs.get("prediction")!.size);
  const executable = await engine.compile(program);
  const needed = Object.entries(weights).filter(([name]) => program.inputs.has(name));
  const binding = executable.bind(
    { images: pixels, [task.planName]: plan, ...Object.fromEntries(needed) },
    { prediction, loss: new Float32Array(1) },
  );
  return {
    async draw(caption) {
      await binding.run();
      const shared = { task, imageSize, patchSize, pixels, plan, prediction, caption };
      return reconstructionSheet({ ...shared, normalization: config.data });
    },
  };
}
