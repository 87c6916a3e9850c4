// A run on disk: the interface between training and everything that looks at it.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { taskOf } from "../config/config.js";
import { withFormatVersion } from "../config/format-version.js";
import { isMapping } from "../config/layers.js";
import { removeLeftovers, writeAtomically, writeJson } from "../files/atomic-write.js";
import { FileLock } from "../files/file-lock.js";
import {
  diskFiles,
  errorCode,
  type FileSystem,
  makeFolder,
  namesIn,
  readTextIfThere,
  storageError,
} from "../files/storage.js";
import { StorageError } from "../files/storage-error.js";
import type { IntervalText } from "../terminal/interval.js";
import { type CheckpointContents, writeCheckpoint } from "./checkpoint-file.js";
import { CheckpointStore } from "./checkpoints.js";
import { OutputError, RunDirectoryError, StoppedError, UnsuitableRunError } from "./errors.js";
import { EventLog } from "./event-log.js";
import type { RunEvent } from "./events.js";
import type { KeptImages } from "./kept-images.js";
import type { StepMetrics } from "./metrics-file.js";
import { MetricsLog } from "./metrics-log.js";
import { refuseAmongImages, type SourcePaths } from "./outputs.js";
import type { RunEvents } from "./run-events.js";
import { RunLog } from "./run-log.js";

/** The names inside a run's folder. */
export function runPaths(folder: string) {
  return {
    config: join(folder, "config.json"),
    metrics: join(folder, "metrics.jsonl"),
    events: join(folder, "events.jsonl"),
    log: join(folder, "log.txt"),
    lock: join(folder, "lock"),
    checkpoints: join(folder, "checkpoints"),
    pictures: join(folder, "pictures"),
    failures: join(folder, "failures"),
    images: join(folder, "images.jsonl.gz"),
    testImages: join(folder, "test-images.jsonl.gz"),
    /** Of a fine-tuning. */
    report: join(folder, "report.json"),
    reportPicture: join(folder, "report.png"),
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
  readonly checkpoints: CheckpointStore;
  readonly #log: RunLog;
  readonly #events: EventLog;
  readonly #lock: FileLock;
  readonly #files: FileSystem;
  readonly #keptImages: KeptImages[] = [];
  #config: Config;
  #metrics: MetricsLog | undefined;

  private constructor(folder: string, config: Config, lock: FileLock, files: FileSystem) {
    this.folder = folder;
    this.paths = runPaths(folder);
    this.#config = config;
    this.#log = new RunLog(this.paths.log);
    this.#events = new EventLog(this.paths.events);
    this.checkpoints = new CheckpointStore(this.paths.checkpoints, config.run, files);
    this.#lock = lock;
    this.#files = files;
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
    this.#metrics?.close();
    this.#metrics = await MetricsLog.open(this.paths.metrics, throughStep);
    return this.#metrics.repaired;
  }

  /** Notes an event in log.txt and events.jsonl, where it belongs there. Throws StorageError. */
  readonly record = (event: RunEvent): void => {
    this.#log.record(event);
    this.#events.record(event);
  };

  /** Appends one step's line. Throws StorageError. */
  recordStep(metrics: StepMetrics): void {
    if (this.#metrics === undefined) throw new Error("RunDirectory: startMetrics comes before recordStep");
    this.#metrics.append(metrics);
  }

  /** From now on, what is known of these images is written with each checkpoint. Throws StorageError. */
  async keepImages(images: KeptImages): Promise<void> {
    await images.write(this.#files);
    this.#keptImages.push(images);
  }

  /** What the run goes by: config.json, perhaps adapted to this machine. */
  get config(): Config {
    return this.#config;
  }

  /** Replaces config.json; from now on the run goes by `config`. Throws StorageError. */
  async writeConfig(stored: Config, config: Config = this.#config): Promise<void> {
    await writeJson(this.paths.config, withFormatVersion(stored), this.#files);
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
    this.#log.close();
    this.#events.close();
    this.#lock.release();
  }
}

/** Throws RunDirectoryError while another process has it. */
function takeLock(path: string): FileLock {
  const taken = FileLock.acquire(path);
  if (taken instanceof FileLock) return taken;
  throw new RunDirectoryError(`The run is being written by ${taken.busy}. Wait until it ends or stop it${taken.hint}`);
}

/** Lets a run be trained, noting what happens, and gives it back whatever happens; what ended it is in its log. */
export async function withRun<Run extends RunDirectory, Result>(
  run: Run,
  events: RunEvents,
  train: (run: Run) => Promise<Result>,
): Promise<Result> {
  events.listen(run.record);
  try {
    return await train(run);
  } catch (error) {
    noteEnd(events, error as Error);
    throw error;
  } finally {
    run.close();
  }
}

/** On a full disk the log cannot be written either: what ended the run is what must be told. */
function noteEnd(events: RunEvents, error: Error): void {
  try {
    if (StoppedError.is(error, events.signal)) events.emit({ type: "finished", outcome: "stopped", summary: null });
    else events.emit({ type: "failed", message: error.message });
  } catch (failure) {
    if (!(failure instanceof StorageError)) throw failure;
  }
}

/** What a run would write over or add to, though no run has made it; undefined where there is nothing. */
async function findForeignFile(folder: string): Promise<string | undefined> {
  const { config, metrics, events, log, report, reportPicture, ...folders } = runPaths(folder);
  const text = readTextIfThere(config);
  if (text !== undefined) return isRunConfig(text) ? undefined : config;
  // Without a configuration, a run that was killed while it was made leaves only what is empty.
  for (const path of [metrics, events, log, report, reportPicture]) if ((await sizeOf(path)) > 0) return path;
  for (const path of [folders.checkpoints, folders.pictures, folders.failures]) {
    const [name] = (await namesIn(path)).filter((each) => !each.startsWith("."));
    if (name !== undefined) return join(path, name);
  }
  return undefined;
}

/** Whether a config.json is of a run of any kind, perhaps by another version of this program. */
function isRunConfig(text: string): boolean {
  try {
    const values: unknown = JSON.parse(text);
    return taskOf(values) !== "pretrain" || (isMapping(values) && "method" in values && isMapping(values.run));
  } catch {
    return false;
  }
}

/** Throws OutputError where the pictures of a run in `folder` would become images of a set that it reads. */
export function refuseRunAmongImages(folder: string, sources: readonly SourcePaths[]): void {
  refuseAmongImages(folder, sources, { filled: [runPaths(folder).pictures] });
}

/** Whether a folder holds a run that has begun. */
export async function holdsRun(folder: string): Promise<boolean> {
  return holdsSteps(runPaths(folder));
}

/** Whether a run has left anything that a new one would destroy. */
async function holdsSteps({ metrics, checkpoints }: ReturnType<typeof runPaths>): Promise<boolean> {
  return (await namesIn(checkpoints)).some((name) => !name.startsWith(".")) || (await sizeOf(metrics)) > 0;
}

/** 0 where there is no such file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return 0;
    throw storageError(error, "read", path);
  }
}
