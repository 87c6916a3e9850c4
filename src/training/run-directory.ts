// A run on disk: the interface between training and everything that looks at it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftovers, writeAtomically } from "./atomic-write.js";
import { type CheckpointContents, writeCheckpoint } from "./checkpoint-file.js";
import { CheckpointStore } from "./checkpoints.js";
import { type PretrainConfig, parseConfig, type ReconstructingConfig, reconstructs } from "./config.js";
import { ConfigError, RunDirectoryError, StoppedError, StorageError } from "./errors.js";
import type { IntervalText } from "./interval.js";
import type { StepMetrics } from "./metrics-file.js";
import { MetricsLog } from "./metrics-log.js";
import { RunLock } from "./run-lock.js";
import { RunLog } from "./run-log.js";
import {
  diskFiles,
  errorCode,
  type FileSystem,
  makeFolder,
  namesIn,
  readTextIfThere,
  storageError,
} from "./storage.js";

/** The names inside a run's folder. */
export function runPaths(folder: string) {
  return {
    config: join(folder, "config.json"),
    metrics: join(folder, "metrics.jsonl"),
    log: join(folder, "log.txt"),
    lock: join(folder, "lock"),
    checkpoints: join(folder, "checkpoints"),
    pictures: join(folder, "pictures"),
    failures: join(folder, "failures"),
  } as const;
}

/** What every run's configuration has, whatever it trains. */
export interface StoredConfig {
  readonly run: {
    readonly checkpointEvery: IntervalText;
    readonly keep: number;
    readonly milestoneEvery: number;
    readonly logEvery: IntervalText;
  };
}

/** A run that this process writes; it holds the run's lock until it is closed. */
export class RunDirectory<Config extends StoredConfig = StoredConfig> {
  readonly folder: string;
  readonly paths: ReturnType<typeof runPaths>;
  readonly config: Config;
  readonly log: RunLog;
  readonly checkpoints: CheckpointStore;
  readonly #lock: RunLock;
  readonly #files: FileSystem;
  #metrics: MetricsLog | undefined;

  private constructor(folder: string, config: Config, lock: RunLock, files: FileSystem) {
    this.folder = folder;
    this.paths = runPaths(folder);
    this.config = config;
    this.log = new RunLog(this.paths.log);
    this.checkpoints = new CheckpointStore(this.paths.checkpoints, config.run, files);
    this.#lock = lock;
    this.#files = files;
  }

  /**
   * Starts a run in a new folder, or in one where none has taken a step yet: what failed for a wrong source can be
   * called again. Throws RunDirectoryError, StorageError.
   */
  static async create<Config extends StoredConfig>(
    folder: string,
    config: Config,
    files: FileSystem = diskFiles,
  ): Promise<RunDirectory<Config>> {
    const paths = runPaths(folder);
    await makeFolder(folder);
    const lock = RunLock.acquire(paths.lock);
    try {
      if (await holdsSteps(paths)) {
        throw new RunDirectoryError(
          `${folder} already holds a run. To go on with it: mixedae resume ${folder}. For a new run, choose another folder`,
        );
      }
      for (const path of [paths.checkpoints, paths.pictures]) await makeFolder(path);
      for (const path of [folder, paths.checkpoints]) await removeLeftovers(path, files);
      await writeAtomically(paths.config, [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)], files);
      const run = new RunDirectory(folder, config, lock, files);
      await run.startMetrics(0);
      return run;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Opens a run to go on with it, and removes what a killed process left half-written. Next come
   * `checkpoints.loadNewest()` and `startMetrics(step)`. `config` is that of its config.json, perhaps adapted to this
   * machine. Throws RunDirectoryError, StorageError.
   */
  static async open<Config extends StoredConfig>(
    folder: string,
    config: Config,
    files: FileSystem = diskFiles,
  ): Promise<RunDirectory<Config>> {
    const paths = runPaths(folder);
    const lock = RunLock.acquire(paths.lock);
    try {
      for (const path of [paths.checkpoints, paths.pictures]) await makeFolder(path);
      for (const path of [folder, paths.checkpoints, paths.pictures, paths.failures])
        await removeLeftovers(path, files);
      return new RunDirectory(folder, config, lock, files);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Cuts metrics.jsonl back to the first `throughStep` steps, of which the checkpoint is the result. Returns what was
   * wrong with the file, in words, where it had to be put in order.
   */
  async startMetrics(throughStep: number): Promise<string | undefined> {
    this.#metrics?.close();
    this.#metrics = await MetricsLog.open(this.paths.metrics, throughStep);
    const { repaired } = this.#metrics;
    if (repaired !== undefined) this.log.warn(repaired);
    return repaired;
  }

  /** Appends one step's line. Throws StorageError. */
  recordStep(metrics: StepMetrics): void {
    if (this.#metrics === undefined) throw new Error("RunDirectory: startMetrics comes before recordStep");
    this.#metrics.append(metrics);
  }

  /** Puts the metrics on the disk and then the checkpoint, so that one never runs ahead. Returns its path. */
  async saveCheckpoint(contents: CheckpointContents): Promise<string> {
    this.#metrics?.sync();
    return this.checkpoints.save(contents);
  }

  /** Keeps the batch and plan of a step that went wrong, for replay. Returns the path. */
  async saveFailure(contents: CheckpointContents): Promise<string> {
    await makeFolder(this.paths.failures);
    const path = join(this.paths.failures, `step-${contents.step}.safetensors`);
    await writeCheckpoint(path, contents, this.#files);
    return path;
  }

  /** Writes a picture sheet under its step's name. Returns the path. */
  async savePicture(step: number, png: Uint8Array): Promise<string> {
    const path = join(this.paths.pictures, `step-${String(step).padStart(8, "0")}.png`);
    await writeAtomically(path, [png], this.#files);
    return path;
  }

  /** Gives the run back. Nothing may be written afterwards. */
  close(): void {
    this.#metrics?.close();
    this.log.close();
    this.#lock.release();
  }
}

/** Lets a run be trained, and gives it back whatever happens; what ended it is in its log. */
export async function withRun<Run extends RunDirectory, Result>(
  run: Run,
  train: (run: Run) => Promise<Result>,
): Promise<Result> {
  try {
    return await train(run);
  } catch (error) {
    if (StoppedError.is(error)) run.log.info("stopped before anything had to be saved");
    else noteEnd(run, error as Error);
    throw error;
  } finally {
    run.close();
  }
}

/** On a full disk the log cannot be written either: what ended the run is what must be told. */
function noteEnd(run: RunDirectory, error: Error): void {
  try {
    run.log.warn(`ended with an error: ${error.message}`);
  } catch (failure) {
    if (!(failure instanceof StorageError)) throw failure;
  }
}

/** Whether a folder holds a run that has begun. */
export async function holdsRun(folder: string): Promise<boolean> {
  return holdsSteps(runPaths(folder));
}

/** Whether a run has left anything that a new one would destroy. */
async function holdsSteps({ metrics, checkpoints }: ReturnType<typeof runPaths>): Promise<boolean> {
  if ((await namesIn(checkpoints)).some((name) => !name.startsWith("."))) return true;
  try {
    return (await stat(metrics)).size > 0;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw storageError(error, "read", metrics);
  }
}

/** The configuration of a pre-training run; takes no lock. Throws RunDirectoryError for any other folder, ConfigError. */
export function readRunConfig(folder: string): PretrainConfig {
  const values = readConfigFile(folder);
  if (isFinetuneConfig(values)) {
    throw new RunDirectoryError(
      `${folder} holds a fine-tuned classifier: expected a run of mixedae pretrain. mixedae classify uses it`,
    );
  }
  return parseConfig(values, runPaths(folder).config);
}

/** The same for a run whose method reconstructs images. Throws RunDirectoryError for one of iBOT. */
export function readReconstructingConfig(folder: string): ReconstructingConfig {
  const config = readRunConfig(folder);
  if (reconstructs(config)) return config;
  throw new RunDirectoryError(
    `${folder} was trained with ${config.method}, which reconstructs nothing: expected a run of mae, mixing or mixedae`,
  );
}

/** Whether a run's config.json is that of a fine-tuning. */
export function isFinetuneConfig(values: unknown): boolean {
  return typeof values === "object" && values !== null && "task" in values && values.task === "finetune";
}

/** A run's config.json, not checked yet. Throws RunDirectoryError when the folder is no run, and ConfigError. */
export function readConfigFile(folder: string): unknown {
  const path = runPaths(folder).config;
  const text = readTextIfThere(path);
  if (text === undefined) {
    throw new RunDirectoryError(
      `${folder} is not a run: expected a folder with a config.json, as mixedae pretrain and mixedae finetune make`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${path} is not valid JSON: ${(error as Error).message}`]);
  }
}
