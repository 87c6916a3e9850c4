// Reconstructions of any images by the model of a run, as a picture.
import { basename } from "node:path";
import type { PretrainConfig } from "../config/config.js";
import { readImages } from "../data/index.js";
import { type Arrays, openEngine } from "../engine/index.js";
import { writeAtomically } from "../files/atomic-write.js";
import type { ReconstructionTask } from "../methods/reconstruction-task.js";
import type { Checkpoint } from "./checkpoints.js";
import { reconstructionModel, reconstructionOf } from "./model.js";
import { tensorOf } from "./model-state.js";
import { openNewestCheckpoint, type Warn } from "./newest-checkpoint.js";
import { prepareOutputs } from "./outputs.js";
import { createReconstructor, readingOf } from "./reconstructor.js";
import { readReconstructingConfig } from "./run-config.js";
import { withPositions } from "./start-weights.js";
import { threadsHere } from "./threads.js";

/** How the picture is written. */
export interface ReconstructOptions {
  /** Whether the file may be replaced where it is there already; by default it is refused. */
  readonly overwrite?: boolean | undefined;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/**
 * Draws images, a multiple of the method's group, with the newest intact checkpoint of a run into a PNG file. Returns
 * the step of that checkpoint. Throws OutputError where the file is there already, is one of the images, or would become
 * an image of the set that the run learns from.
 */
export async function reconstruct(
  folder: string,
  images: readonly string[],
  out: string,
  { overwrite, warn }: ReconstructOptions = {},
): Promise<{ readonly step: number }> {
  const { config, task, weights, step } = await openReconstructingRun(folder, warn);
  await prepareOutputs([out], { overwrite, inputs: images, sources: [config.source, config.evaluation.source] });
  const read = await readImages(images, readingOf(config));
  const pixels = Buffer.concat(read.map(({ pixels }) => pixels));
  const engine = openEngine({ device: config.run.device, threads: threadsHere(config.run) });
  const reconstructor = await createReconstructor(
    config,
    task,
    pixels,
    weights,
    engine,
    images.map((path) => basename(path)),
  );
  const caption = `${config.method} after step ${step}`;
  await writeAtomically(out, [await reconstructor.draw(caption)]);
  return { step };
}

/** The newest weights of a run whose method reconstructs. */
export interface ReconstructingRun {
  readonly config: PretrainConfig;
  readonly task: ReconstructionTask;
  /** Every parameter by its name. */
  readonly weights: Arrays;
  /** Of the newest intact checkpoint. */
  readonly step: number;
}

/**
 * Calls `warn` where a newer checkpoint is damaged. Throws RunDirectoryError where the folder is no such run or has no
 * checkpoint yet, CheckpointError.
 */
export async function openReconstructingRun(folder: string, warn?: Warn): Promise<ReconstructingRun> {
  const stored = readReconstructingConfig(folder);
  return reconstructingRun(stored, await openNewestCheckpoint(folder, warn));
}

/** The same of a checkpoint that is open. Throws CheckpointError. */
export function reconstructingRun(stored: PretrainConfig, checkpoint: Checkpoint): ReconstructingRun {
  const config = withPositions(stored, checkpoint);
  const task = reconstructionOf(config)!;
  const { parameters } = reconstructionModel(config, task, task.groupSize);
  const weights = parameters.map(({ name, tensor }) => [name, tensorOf(checkpoint, name, tensor.shape)] as const);
  return { config, task, weights: Object.fromEntries(weights), step: checkpoint.step };
}
