// Finds the runs, studies and embeddings below the folders that were given, without following links.

import { createHash } from "node:crypto";
import { type Dirent, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { featurePaths } from "../evaluations/feature-description.js";
import { errorCode } from "../files/storage.js";
import type { ShownFolder } from "./inside.js";

/** Where a run, a study or an embedding is. */
export interface Place {
  readonly id: string;
  readonly kind: "run" | "study" | "embedding";
  /** Real, absolute: the folder, or the .npy file of an embedding. */
  readonly path: string;
  /** As the folders were given, with "/" between names. */
  readonly name: string;
  readonly within: ShownFolder;
}

export interface Findings {
  readonly places: readonly Place[];
  readonly notes: readonly string[];
}

const DEEPEST = 8;
/** Far more than a folder of runs holds: a set of images that was given by mistake ends the search. */
const MOST_FOLDERS = 20_000;
/** Folders inside a run; none of them holds another. */
const OF_A_RUN = new Set(["checkpoints", "pictures", "failures", "node_modules"]);
/** Beside config.json, which others have too. */
const FILES_OF_A_RUN = ["metrics.jsonl", "events.jsonl", "log.txt"];

/** A folder to be shown. Throws the operating system's errors. */
export function shownFolder(given: string): ShownFolder {
  return { given: given.replace(/[/\\]+$/, "") || given, real: realpathSync.native(given) };
}

/** Folders that cannot be listed are noted and left out. */
export async function findPlaces(folders: readonly ShownFolder[]): Promise<Findings> {
  const places = new Map<string, Place>();
  const notes: string[] = [];
  let visited = 0;
  let links = 0;

  for (const within of folders) await walk(within, within.real, 0);
  if (links > 0) notes.push(`${links} symbolic ${links === 1 ? "link was" : "links were"} not followed.`);
  if (visited > MOST_FOLDERS) {
    notes.push(`Only the first ${MOST_FOLDERS} folders were searched: name the folders of your runs instead.`);
  }
  return { places: [...places.values()], notes };

  async function walk(within: ShownFolder, folder: string, depth: number): Promise<void> {
    if (++visited > MOST_FOLDERS) return;
    // A search of thousands of folders lets requests in between.
    if (visited % 200 === 0) await setImmediate();
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (errorCode(error) !== "ENOENT") notes.push(`${nameOf(within, folder)} cannot be read (${errorCode(error)}).`);
      return;
    }
    const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
    const isRun = files.has("config.json") && FILES_OF_A_RUN.some((name) => files.has(name));
    if (isRun) add(within, folder, "run");
    if (files.has("study.json")) add(within, folder, "study");
    for (const name of files) if (isEmbedding(name, files)) add(within, join(folder, name), "embedding");
    if (depth >= DEEPEST) return;
    for (const entry of entries) {
      if (entry.name.startsWith(".") || OF_A_RUN.has(entry.name)) continue;
      if (entry.isSymbolicLink()) links++;
      else if (entry.isDirectory()) await walk(within, join(folder, entry.name), depth + 1);
    }
  }

  function add(within: ShownFolder, path: string, kind: Place["kind"]): void {
    const id = idOf(kind, path);
    if (!places.has(id)) places.set(id, { id, kind, path, name: nameOf(within, path), within });
  }
}

/** Whether a file is the vectors of an embedding, with its names and its description beside it. */
function isEmbedding(name: string, files: ReadonlySet<string>): boolean {
  const { npy, jsonl, json } = featurePaths(name);
  return name === npy && files.has(jsonl) && files.has(json);
}

/** Says nothing of the path, and stays the same from one start to the next. */
function idOf(kind: string, path: string): string {
  return createHash("sha256").update(`${kind}\0${path}`).digest("hex").slice(0, 16);
}

function nameOf({ given, real }: ShownFolder, path: string): string {
  const inner = relative(real, path);
  return (inner === "" ? given : join(given, inner)).replaceAll("\\", "/");
}
