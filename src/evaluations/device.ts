// On which device an encoder is evaluated: on that of its run, where this machine has it.

import { compile, type Engine, EngineError, openEngine } from "../engine/index.js";
import { defineProgram, input } from "../graph/index.js";
import type { ImageProgress } from "./image-progress.js";

export interface EngineRequest {
  /** Of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
  /** By default that of the encoder's run, or the CPU where this machine lacks it. */
  readonly device?: string | undefined;
}

/** `trainedOn` is the device of the encoder's run; undefined for weights of no run. */
export async function engineFor(
  { threads, device }: EngineRequest,
  trainedOn: string | undefined,
  progress: ImageProgress,
): Promise<Engine> {
  if (device !== undefined) return openEngine({ device, threads });
  if (trainedOn === undefined || trainedOn === "cpu") return openEngine({ threads });
  if (await isAvailable(trainedOn)) return openEngine({ device: trainedOn, threads });
  progress.print(`Trained with ${trainedOn}, which this machine lacks: the CPU evaluates.`);
  return openEngine({ threads });
}

const found = new Map<string, Promise<boolean>>();

/** Whether programs run on a device here. It is tried once. */
function isAvailable(device: string): Promise<boolean> {
  const known = found.get(device) ?? tryDevice(device);
  found.set(device, known);
  return known;
}

async function tryDevice(device: string): Promise<boolean> {
  try {
    await compile(defineProgram("trial", { doubled: input("x", [1]).mul(2) }), { device, strict: true });
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
