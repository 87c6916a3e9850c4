// On which device an encoder is evaluated: on that of its run, where this machine has it.

import { type CompileOptions, compile, EngineError } from "../engine/index.js";
import { type Device, defineProgram, input } from "../graph/index.js";
import type { ImageProgress } from "./image-progress.js";

export interface EngineRequest {
  /** Of the engine; 0 means one a physical core. */
  readonly threads: number;
  /** By default that of the encoder's run, or the CPU where this machine lacks it. */
  readonly device?: Device | undefined;
}

/** `trainedOn` is the device of the encoder's run; undefined for weights of no run. */
export async function engineFor(
  { threads, device }: EngineRequest,
  trainedOn: Device | undefined,
  progress: ImageProgress,
): Promise<CompileOptions> {
  if (device !== undefined) return { device, threads };
  if (trainedOn === undefined || trainedOn === "cpu") return { device: "cpu", threads };
  if (await isAvailable(trainedOn)) return { device: trainedOn, threads };
  progress.print(`Trained with ${trainedOn}, which this machine lacks: the CPU evaluates.`);
  return { device: "cpu", threads };
}

const found = new Map<Device, Promise<boolean>>();

/** Whether programs run on a device here. It is tried once. */
function isAvailable(device: Device): Promise<boolean> {
  const known = found.get(device) ?? tryDevice(device);
  found.set(device, known);
  return known;
}

async function tryDevice(device: Device): Promise<boolean> {
  try {
    await compile(defineProgram("trial", { doubled: input("x", [1]).mul(2) }), { device, strict: true });
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
