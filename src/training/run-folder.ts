// What lies in a run's folder, before anybody writes into it: its names, and whether it is a run's at all.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { taskOf } from "../config/config.js";
import { isMapping } from "../config/layers.js";
import { errorCode, namesIn, readTextIfThere, storageError } from "../files/storage.js";
import { refuseAmongImages, type SourcePaths } from "./outputs.js";

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
    /** Event files of TensorBoard, where a run writes them. */
    tensorboard: join(folder, "tensorboard"),
    /** Of a segmentation or detection: checksums of its masks or annotations. */
    targets: join(folder, "targets.json"),
    /** Of a fine-tuning. */
    report: join(folder, "report.json"),
    reportPicture: join(folder, "report.png"),
  } as const;
}

/** What a run would write over or add to, though no run has made it; undefined where there is nothing. */
export async function findForeignFile(folder: string): Promise<string | undefined> {
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
export async function holdsSteps({ metrics, checkpoints }: ReturnType<typeof runPaths>): Promise<boolean> {
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
