// Reconstructions of some images with the weights of a training as they are, compiled once.

import { groupSize } from "../config/checks.js";
import type { PretrainConfig } from "../config/schema.js";
import type { Bindable, Engine } from "../engine/index.js";
import { drawPlan } from "../methods/plan.js";
import { reconstructionProgram } from "../methods/pretext-program.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import { imageValues } from "../nn/presets.js";
import { reconstructionModel } from "./model.js";
import type { ReconstructionValues } from "./reconstruction-images.js";

/** Images that are pictured, about. */
const WANTED = 8;

/** Images that are pictured, in whole groups, where there are as many. */
export function picturedCount(config: PretrainConfig): number {
  const group = groupSize(config);
  return Math.max(1, Math.round(WANTED / group)) * group;
}

/** What was made of the images, and the plan by which they were mixed or hidden [groups, planColumns]. */
export type Reconstruction = ReconstructionValues & { readonly plan: Int32Array };

/**
 * Prepares to reconstruct images [batch, height, width, channels], whole groups of them; `weights` are read anew each time,
 * and the plan is the same. What is returned is overwritten by the next.
 */
export async function compileReconstruction(
  config: PretrainConfig,
  task: ReconstructionTask,
  pixels: Uint8Array,
  weights: Bindable,
  engine: Engine,
): Promise<() => Promise<Reconstruction>> {
  const batch = pixels.length / imageValues(config.model);
  const program = reconstructionProgram(reconstructionModel(config, task, batch));
  const plan = drawPlan(task, batch / task.groupSize, {
    seed: config.seed,
    stream: "pictures",
    // Once whatever changes over a run has changed.
    step: Number.POSITIVE_INFINITY,
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
  return async () => {
    await binding.run();
    return { task, shape: config.model, pixels, prediction, normalization: config.data, plan };
  };
}
