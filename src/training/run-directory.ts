// A run on disk: the interface between training and everything that looks at it.

import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftovers, writeAtomically } from "./atomic-write.js";
import { type CheckpointContents, writeCheckpoint } from "./checkpoint-file.js";
import { CheckpointStore } from "./checkpoints.js";
import { type PretrainConfig, parseConfig } from "./config.js";
import { ConfigError, RunDirectoryError } from "./errors.js";
import { MetricsLog, type StepMetrics } from "./metrics-log.js";
import { RunLock } from "./run-lock.js";
import { RunLog } from "./run-log.js";
import { diskFiles, errorCode, type FileSystem, makeFolder, namesIn, storageError } from "./storage.js";

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

/** A run that this process writes; it holds the run's lock until it is closed. */
export class RunDirectory {
  readonly folder: string;
  readonly paths: ReturnType<typeof runPaths>;
  readonly config: PretrainConfig;
  readonly log: RunLog;
  readonly checkpoints: CheckpointStore;
  readonly #lock: RunLock;
  readonly #files: FileSystem;
  #metrics: MetricsLog | undefined;

  private constructor(folder: string, config: PretrainConfig, lock: RunLock, files: FileSystem) {
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
  static async create(folder: string, config: PretrainConfig, files: FileSystem = diskFiles): Promise<RunDirectory> {
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
   * `checkpoints.loadNewest()` and `startMetrics(step)`. `change` adapts the configuration to this machine.
   * Throws RunDirectoryError, ConfigError, StorageError.
   */
  static async open(
    folder: string,
    change: (config: PretrainConfig) => PretrainConfig = (config) => config,
    files: FileSystem = diskFiles,
  ): Promise<RunDirectory> {
    const config = change(readRunConfig(folder));
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

  /** Cuts metrics.jsonl back to the first `throughStep` steps, of which the checkpoint is the result. */
  async startMetrics(throughStep: number): Promise<void> {
    this.#metrics?.close();
    this.#metrics = await MetricsLog.open(this.paths.metrics, throughStep);
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

/** The configuration of a run; takes no lock. Throws RunDirectoryError when the folder is no run, and ConfigError. */
export function readRunConfig(folder: string): PretrainConfig {
  const path = runPaths(folder).config;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) {
      throw new RunDirectoryError(
        `${folder} is not a run: expected a folder with a config.json, as mixedae pretrain makes`,
      );
    }
    throw storageError(error, "read", path);
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${path} is not valid JSON: ${(error as Error).message}`]);
  }
  return parseConfig(values, path);
}
