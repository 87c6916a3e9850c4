// The memory that a pre-training run will take, part by part, before anything of it is made.

import type { PretrainConfig } from "../config/config.js";
import { countParameters, leastProgramBytes } from "../config/model-size.js";
import { sizeWord } from "../data/image-size.js";
import type { BatchMemory, MemoryUse } from "../data/index.js";
import { engineDefinition, openEngine } from "../engine/index.js";
import { reconstructionProgram } from "../methods/pretext-program.js";
import { methodOf } from "../methods/registry.js";
import { planTraining } from "../optim/training.js";
import { formatCount } from "../terminal/quantities.js";
import { checkMemory, type MemoryCheck, type MemoryPart, plannedBytes } from "./memory-check.js";
import { reconstructionModel, reconstructionOf } from "./model.js";
import { picturedCount } from "./reconstruction.js";

/** Each value, its gradient and two moments, as float32. */
const BYTES_OF_VALUE = 16;

/**
 * The parts of a run's memory, compared with what is free: throws MemoryError where there is too little. What is out of
 * proportion is refused by its size alone, before even the program is built.
 */
export function planMemory(config: PretrainConfig, batches: BatchMemory, check: MemoryCheck): MemoryPart[] {
  const count = countParameters(config);
  const least = [weights(count, count * BYTES_OF_VALUE), microBatch(config, leastProgramBytes(config))];
  checkMemory(least, { ...check, warn: () => {} });

  const { batchSize, microBatch: atOnce } = config.schedule;
  const { teacherPrefix, ...method } = methodOf(config);
  const { loss, metrics, parameters } = method.pretext(config, atOnce);
  const { arrayBytes, programBytes } = planTraining({
    name: config.method,
    loss,
    metrics,
    parameters,
    microBatches: batchSize / atOnce,
    recompute: config.run.recompute,
    ...(teacherPrefix !== undefined && { averagePrefix: teacherPrefix }),
    engine: openEngine(config.run),
  });
  const values = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
  const parts = [
    weights(values, arrayBytes),
    microBatch(config, programBytes),
    ...pictures(config),
    ...batchParts(batches, "model.imageSize"),
  ];
  checkMemory(parts, check);
  return parts;
}

/** All parts, with the images as they are held once that is known. */
export function bytesWithImages(parts: readonly MemoryPart[], { inMemory, bytes }: MemoryUse): number {
  return plannedBytes(parts.filter(({ name }) => name !== IMAGES)) + (inMemory ? bytes : 0);
}

const IMAGES = "images kept decoded";

/** What batches hold, for any training. */
export function batchParts({ batchBytes, imageBytes }: BatchMemory, imageSizeKey?: string): MemoryPart[] {
  const size = imageSizeKey === undefined ? "" : `, ${imageSizeKey}`;
  return [
    { name: "batches ahead", bytes: batchBytes, lower: `schedule.batchSize${size}` },
    { name: IMAGES, bytes: imageBytes, lower: "data.memoryBudgetMiB" },
  ];
}

/** The program that draws reconstructions keeps what it computed in, beside that of the steps. */
function pictures(config: PretrainConfig): MemoryPart[] {
  const task = reconstructionOf(config);
  if (task === undefined) return [];
  const count = picturedCount(config);
  const program = reconstructionProgram(reconstructionModel(config, task, count));
  const bytes = openEngine(config.run).planBytes(program);
  const name = `drawing ${count} reconstructions`;
  return [{ name, bytes, lower: "model.imageSize", onGpu: isOnGpu(config.run) }];
}

function weights(values: number, bytes: number): MemoryPart {
  const name = `weights, gradients and optimizer state of ${formatCount(values)} parameters`;
  return { name, bytes, lower: "model.width, model.depth" };
}

function microBatch({ schedule, model, run }: PretrainConfig, bytes: number): MemoryPart {
  const name = `computing ${formatCount(schedule.microBatch)} images of ${sizeWord(model.imageSize)} pixels at once`;
  return { name, bytes, lower: "schedule.microBatch, model.imageSize", ...recomputation(run), onGpu: isOnGpu(run) };
}

/** The setting that makes a micro-batch smaller, unless it is on. */
export function recomputation({ recompute }: { readonly recompute: boolean }): Pick<MemoryPart, "alternative"> {
  return recompute ? {} : { alternative: "run.recompute=true" };
}

/** Whether what programs compute lies in a memory of its own. */
export function isOnGpu({ device }: { readonly device: string }): boolean {
  return !engineDefinition(device).inMainMemory;
}
