// How well a pre-trained model reconstructs images that it has not seen: its own pretext task, on held-out images.

import { defineProgram } from "../../graph/index.js";
import { drawPlan } from "../../methods/plan.js";
import type { EventOptions } from "../../training/events.js";
import { reconstructionModel } from "../../training/model.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { openReconstructingRun } from "../../training/reconstruct.js";
import { type EngineRequest, engineFor } from "../device.js";
import { type HeldOutRequest, openHeldOut } from "../held-out-images.js";
import { ImageProgress } from "../image-progress.js";

/** The seed also says which images come together, and what is hidden of each. */
export interface ReconstructionRequest extends HeldOutRequest, EngineRequest {
  /** Folder of a run whose method reconstructs. */
  readonly run: string;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/** How well hidden patches of images that were not trained on are predicted. */
export interface ReconstructionReport {
  readonly task: "reconstruction";
  readonly from: string;
  readonly method: string;
  readonly test: { readonly source: string | readonly string[]; readonly images: number };
  readonly seed: number;
  /** As during pre-training: the mean squared error over hidden patches, of normalised pixels where `normPixels`. */
  readonly detail: { readonly reconstruction: number };
}

const BATCH = 64;

/** Throws EvaluationError where there are too few images, RunDirectoryError, SourceError. */
export async function evaluateReconstruction(
  { run, test, images, seed = 0, threads, device, warn }: ReconstructionRequest,
  options: EventOptions = {},
): Promise<ReconstructionReport> {
  const progress = ImageProgress.of(options);
  const { config, task, weights, step } = await openReconstructingRun(run, warn);
  const heldOut = await openHeldOut({ test, images, seed });
  const groups = Math.max(1, Math.floor(Math.min(BATCH, heldOut.count) / task.groupSize));
  const batch = groups * task.groupSize;
  const { metrics } = reconstructionModel(config, task, batch);
  const program = defineProgram("held-out reconstruction", { reconstruction: metrics.reconstruction! });
  const engine = await engineFor({ threads, device }, config.run.device, progress);
  const executable = await engine.compile(program);
  const inputs = Object.fromEntries(Object.entries(weights).filter(([name]) => program.inputs.has(name)));
  const views = { shape: config.model, background: config.data.background };
  let [sum, batches] = [0, 0];
  for await (const pixels of heldOut.batches(views, batch, progress)) {
    const position = { seed, stream: "held-out plan", step, epoch: 0, firstGroup: batches * groups };
    const plan = drawPlan(task, groups, position);
    const { reconstruction } = await executable.run({ ...inputs, images: pixels, [task.planName]: plan });
    sum += (reconstruction as Float32Array)[0]!;
    batches += 1;
  }
  return {
    task: "reconstruction",
    from: `${run}, step ${step}`,
    method: config.method,
    test: { source: test, images: batches * batch },
    seed,
    detail: { reconstruction: sum / batches },
  };
}
