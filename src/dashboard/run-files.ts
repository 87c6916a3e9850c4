// The files of a run that the dashboard reads, each only where it truly lies within the folders that were given.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { runPaths } from "../training/run-folder.js";
import type { Place } from "./find-places.js";
import { insideOf } from "./inside.js";

export interface RunFiles {
  readonly config: string | undefined;
  readonly metrics: string | undefined;
  readonly events: string | undefined;
  readonly lock: string | undefined;
  readonly pictures: string | undefined;
  readonly checkpoints: string | undefined;
}

export function runFiles({ path, within }: Place): RunFiles {
  const { config, metrics, events, lock, pictures, checkpoints } = runPaths(path);
  const inside = (path: string) => insideOf(within, path);
  return {
    config: inside(config),
    metrics: inside(metrics),
    events: inside(events),
    lock: inside(lock),
    pictures: inside(pictures),
    checkpoints: inside(checkpoints),
  };
}

/** The picture of a step, where there is one that may be read. */
export function pictureFile({ path, within }: Place, step: number): string | undefined {
  return insideOf(within, join(runPaths(path).pictures, `step-${String(step).padStart(8, "0")}.png`));
}

/**
 * Tells a run's checkpoints from earlier and later ones; undefined where there are none that may be read, or where one
 * leads out of the folders.
 */
export function checkpointsStamp(place: Place): string | undefined {
  const { config, checkpoints } = runFiles(place);
  if (config === undefined || checkpoints === undefined) return undefined;
  const names = readdirSync(checkpoints).filter((name) => /^step-\d{8,}\.safetensors$/.test(name));
  const paths = names.map((name) => insideOf(place.within, join(checkpoints, name)));
  if (paths.length === 0 || paths.includes(undefined)) return undefined;
  return [config, ...paths].map(stampOf).join(" ");
}

/** Tells a file's contents from earlier ones; "-" where there is none. */
export function stampOf(path: string | undefined): string {
  if (path === undefined) return "-";
  try {
    const { size, mtimeMs, ino } = statSync(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return "-";
  }
}
