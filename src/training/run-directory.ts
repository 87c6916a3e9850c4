// A run on disk: the interface between training and everything that looks at it.

import { join } from "node:path";
import { withFormatVersion } from "../config/format-version.js";
import { removeLeftovers, writeAtomically, writeJson } from "../files/atomic-write.js";
import { FileLock } from "../files/file-lock.js";
import { diskFiles, type FileSystem, makeFolder } from "../files/storage.js";
import type { Communicator } from "../processes/communicator.js";
import type { IntervalText } from "../terminal/interval.js";
import { writeCheckpoint } from "./checkpoint-file.js";
import type { CheckpointContents } from "./checkpoint-format.js";
import { CheckpointStore } from "./checkpoints.js";
import { OutputError, RunDirectoryError, UnsuitableRunError } from "./errors.js";
import { EventLog } from "./event-log.js";
import type { RunEvent } from "./events.js";
import type { KeptImages } from "./kept-images.js";
import type { StepMetrics } from "./metrics-file.js";
import { MetricsLog } from "./metrics-log.js";
import { findForeignFile, holdsSteps, runPaths } from "./run-folder.js";
import { RunLog } from "./run-log.js";
import { TensorBoardLog } from "./tensorboard-log.js";

/** What every run's configuration has, whatever it trains. */
export interface StoredConfig {
  readonly run: {
    readonly checkpointEvery: IntervalText;
    readonly keep: number;
    readonly milestoneEvery: number;
    readonly logEvery: IntervalText;
    readonly tensorboard: boolean;
  };
}

/** What only the process that writes a run has. */
interface Writer {
  readonly log: RunLog;
  readonly events: EventLog;
  readonly lock: FileLock;
}

/**
 * A run that this process writes; it holds the run's lock until it is closed. Where several processes train, the first
 * one writes: the others follow, and whatever they are to write is left out.
 */
export class RunDirectory<Config extends StoredConfig = StoredConfig> {
  readonly folder: string;
  readonly paths: ReturnType<typeof runPaths>;
  readonly checkpoints: CheckpointStore;
  readonly #writer: Writer | undefined;
  readonly #files: FileSystem;
  readonly #keptImages: KeptImages[] = [];
  #config: Config;
  #metrics: MetricsLog | undefined;
  #tensorboard: TensorBoardLog | undefined;

  private constructor(folder: string, config: Config, lock: FileLock | undefined, files: FileSystem) {
    this.folder = folder;
    this.paths = runPaths(folder);
    this.#config = config;
    this.#writer = lock && { log: new RunLog(this.paths.log), events: new EventLog(this.paths.events), lock };
    this.checkpoints = new CheckpointStore(this.paths.checkpoints, config.run, files);
    this.#files = files;
  }

  /** The run as a process that writes nothing has it: its configuration, and names. */
  static follow<Config extends StoredConfig>(folder: string, config: Config): RunDirectory<Config> {
    return new RunDirectory(folder, config, undefined, diskFiles);
  }

  /** Whether this process writes the run. */
  get isWritten(): boolean {
    return this.#writer !== undefined;
  }

  /**
   * Starts a run in a new folder, or in one where none has taken a step yet: what failed for a wrong source can be
   * called again. Throws OutputError where somebody else's files have the names of a run's, RunDirectoryError,
   * StorageError.
   */
  static async create<Config extends StoredConfig>(
    folder: string,
    config: Config,
    files: FileSystem = diskFiles,
  ): Promise<RunDirectory<Config>> {
    const paths = runPaths(folder);
    await makeFolder(folder);
    const lock = takeLock(paths.lock);
    try {
      const foreign = await findForeignFile(folder);
      if (foreign !== undefined) {
        throw new OutputError({
          expected: "a folder for the run that is new or empty, or whose run has not taken a step yet",
          found: `${foreign}, which is not of such a run`,
          remedy: "Choose another folder for the run",
        });
      }
      if (await holdsSteps(paths)) {
        throw new UnsuitableRunError(
          `${folder} already holds a run. To continue it: mixedae resume ${folder}. For a new run, choose another folder`,
        );
      }
      for (const path of [paths.checkpoints, paths.pictures]) await makeFolder(path);
      for (const path of [folder, paths.checkpoints]) await removeLeftovers(path, files);
      await writeJson(paths.config, withFormatVersion(config), files);
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
    const lock = takeLock(paths.lock);
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
    if (!this.isWritten) return undefined;
    this.#metrics?.close();
    this.#tensorboard?.close();
    this.#tensorboard = undefined;
    if (this.#config.run.tensorboard) await makeFolder(this.paths.tensorboard);
    this.#metrics = await MetricsLog.open(this.paths.metrics, throughStep);
    return this.#metrics.repaired;
  }

  /** Notes an event in log.txt and events.jsonl, where it belongs there. Throws StorageError. */
  readonly record = (event: RunEvent): void => {
    this.#writer?.log.record(event);
    this.#writer?.events.record(event);
  };

  /** Appends one step's line, and the same for TensorBoard where that is asked for. Throws StorageError. */
  recordStep(metrics: StepMetrics): void {
    if (!this.isWritten) return;
    if (this.#metrics === undefined) throw new Error("RunDirectory: startMetrics comes before recordStep");
    this.#metrics.append(metrics);
    if (!this.#config.run.tensorboard) return;
    this.#tensorboard ??= new TensorBoardLog(this.paths.tensorboard, metrics.step);
    this.#tensorboard.append(metrics);
  }

  /** From now on, what is known of these images is written with each checkpoint. Throws StorageError. */
  async keepImages(images: KeptImages): Promise<void> {
    if (this.isWritten) await images.write(this.#files);
    this.#keptImages.push(images);
  }

  /** Makes known to all processes what each has found out about the images that it read. */
  async shareImages(communicator: Communicator): Promise<void> {
    if (communicator.size > 1) for (const images of this.#keptImages) await images.share(communicator);
  }

  /** What the run goes by: config.json, perhaps adapted to this machine. */
  get config(): Config {
    return this.#config;
  }

  /** Replaces config.json; from now on the run goes by `config`. Throws StorageError. */
  async writeConfig(stored: Config, config: Config = this.#config): Promise<void> {
    if (this.isWritten) await writeJson(this.paths.config, withFormatVersion(stored), this.#files);
    this.#config = config;
  }

  /** Puts the metrics and what is known of the images on the disk, and then the checkpoint. Returns its path. */
  async saveCheckpoint(contents: CheckpointContents): Promise<string> {
    this.#metrics?.sync();
    for (const images of this.#keptImages) await images.write(this.#files);
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
    this.#tensorboard?.close();
    this.#writer?.log.close();
    this.#writer?.events.close();
    this.#writer?.lock.release();
  }
}

/** Throws RunDirectoryError while another process has it. */
function takeLock(path: string): FileLock {
  const taken = FileLock.acquire(path);
  if (taken instanceof FileLock) return taken;
  throw new RunDirectoryError(`The run is being written by ${taken.busy}. Wait until it ends or stop it${taken.hint}`);
}
