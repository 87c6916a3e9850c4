// A run that several processes train together: what each computes, and how all begin with the same state.

import { hostname } from "node:os";
import { type Combiner, combinerOver } from "../engine/index.js";
import { engineThreads, measureMemory, physicalCores } from "../engine/machine.js";
import type { GivenPositions } from "../nn/positions.js";
import type { Training } from "../optim/training.js";
import { fromFirst, gatherValues } from "../processes/agreement.js";
import type { Communicator } from "../processes/communicator.js";
import { type BatchShare, divideBatch } from "../processes/share.js";
import { stateArrays } from "./model-state.js";
import { RunDirectory, type StoredConfig } from "./run-directory.js";
import type { RunEvents } from "./run-events.js";

/** The sections of a configuration that differ from process to process. */
interface SharedSections {
  readonly schedule: { readonly batchSize: number; readonly microBatch: number };
  readonly run: { readonly threads: number; readonly gradientFormat: "float32" | "bfloat16" };
}

/** What a process does of a run. */
export interface Part<Config> {
  /** The configuration with the batch that this process computes, and its threads. */
  readonly config: Config;
  readonly share: BatchShare;
  readonly combiner: Combiner;
  /** Its share of the memory that is free; undefined where it is alone. */
  readonly availableBytes: number | undefined;
}

/** Divides a run among processes. Throws ProcessesError where there is too little for each. */
export async function divideRun<Config extends SharedSections>(
  config: Config,
  communicator: Communicator,
  together: { readonly groupSize?: number; readonly isMirrored?: boolean } = {},
): Promise<Part<Config>> {
  const { batchSize, microBatch } = config.schedule;
  const share = divideBatch({ batchSize, microBatch, ...together }, communicator);
  const combiner = combinerOver(communicator, share, {
    batchSize,
    asBfloat16: config.run.gradientFormat === "bfloat16",
  });
  if (communicator.size === 1) return { config, share, combiner, availableBytes: undefined };
  const schedule = { ...config.schedule, batchSize: share.places.length, microBatch: share.microBatch };
  const run = { ...config.run, threads: await threadsTogether(communicator, config.run.threads) };
  const availableBytes = measureMemory().availableBytes / communicator.onMachine;
  return { config: { ...config, schedule, run }, share, combiner, availableBytes };
}

/** Engine threads of this process, where 0 chooses: cores that several processes may use are divided among them. */
export async function threadsTogether(communicator: Communicator, threads: number): Promise<number> {
  if (threads > 0 || communicator.size === 1) return threads;
  const own = { host: hostname(), cores: physicalCores() };
  const all = (await gatherValues(communicator, own)).filter(({ host }) => host === own.host);
  if (own.cores === null) return Math.max(1, Math.floor(engineThreads() / communicator.onMachine));
  const users = (core: string) => all.filter(({ cores }) => cores?.includes(core)).length;
  const share = own.cores.reduce((sum, core) => sum + 1 / users(core), 0);
  return Math.max(1, Math.floor(share + 1e-6));
}

/** A run's folder: the first process makes it and writes into it, the others know of it. */
export async function createRun<Config extends StoredConfig>(
  folder: string,
  config: Config,
  { isFirst }: RunEvents,
): Promise<RunDirectory<Config>> {
  return isFirst ? RunDirectory.create(folder, config) : RunDirectory.follow(folder, config);
}

/** The same for a run that goes on. */
export async function openRun<Config extends StoredConfig>(
  folder: string,
  config: Config,
  { isFirst }: RunEvents,
): Promise<RunDirectory<Config>> {
  return isFirst ? RunDirectory.open(folder, config) : RunDirectory.follow(folder, config);
}

/** Gives all processes the positions that the first one has found. */
export async function sharePositions(
  communicator: Communicator,
  find: () => GivenPositions | undefined,
): Promise<GivenPositions | undefined> {
  if (communicator.size === 1) return find();
  const plain = await fromFirst(communicator, () => {
    const found = find();
    return found === undefined ? null : { encoder: [...found.encoder], decoder: found.decoder && [...found.decoder] };
  });
  if (plain === null) return undefined;
  const { encoder, decoder } = plain;
  return { encoder: Float32Array.from(encoder), ...(decoder && { decoder: Float32Array.from(decoder) }) };
}

/** Gives all processes the state of the first: weights, moments, and what else a checkpoint holds. */
export async function shareState(
  communicator: Communicator,
  training: Training,
  further: Iterable<Float32Array> = [],
): Promise<void> {
  if (communicator.size === 1) return;
  for (const [, arrays] of stateArrays(training)) {
    if (arrays.memory !== null) {
      await communicator.broadcast(arrays.memory);
      continue;
    }
    for (const { name } of arrays.tensors) {
      const values = (await arrays.byName[name]!.read()).slice();
      await communicator.broadcast(values);
      await arrays.byName[name]!.write(values);
    }
  }
  for (const values of further) await communicator.broadcast(values);
}

/** For announcements: how many processes there are, and what this one does; null where it is alone. */
export function describeProcesses(
  { size, onMachine }: Communicator,
  { places, microBatch }: BatchShare,
): string | null {
  if (size === 1) return null;
  const machines = onMachine === size ? "on this machine" : `${onMachine} of them on this machine`;
  const parts = places.length === microBatch ? "at once" : `in micro-batches of ${microBatch}`;
  return `${size}, ${machines}; this one computes ${places.length} images of each batch ${parts}`;
}
