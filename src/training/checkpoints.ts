// The checkpoints of one run: writing a new one, keeping the right ones, and finding the newest good one.

import { join } from "node:path";
import { diskFiles, type FileSystem, namesIn, storageError } from "../files/storage.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint-file.js";
import type { Checkpoint, CheckpointContents } from "./checkpoint-format.js";
import { CheckpointError } from "./errors.js";

export type { Checkpoint, CheckpointContents } from "./checkpoint-format.js";

export interface Retention {
  /** How many of the newest are kept. */
  readonly keep: number;
  /** Steps that are a multiple of it are kept for good; 0 for none. */
  readonly milestoneEvery: number;
}

export interface Refusal {
  readonly path: string;
  readonly step: number;
  readonly reason: string;
}

export interface NewestCheckpoint {
  /** Null when the folder holds no checkpoint at all: the run was killed before it wrote one. */
  readonly checkpoint: Checkpoint | null;
  /** Newer ones that are not usable, newest first. */
  readonly refused: readonly Refusal[];
}

const fileName = /^step-(\d{8,})\.safetensors$/;

export class CheckpointStore {
  readonly #folder: string;
  readonly #retention: Retention;
  readonly #files: FileSystem;
  /** Files that turned out bad: they do not count among those that are kept. */
  readonly #refused = new Set<number>();

  constructor(folder: string, retention: Retention, files: FileSystem = diskFiles) {
    this.#folder = folder;
    this.#retention = retention;
    this.#files = files;
  }

  /** Where the checkpoint after `step` steps lies, or would lie. */
  pathOf(step: number): string {
    return join(this.#folder, `step-${String(step).padStart(8, "0")}.safetensors`);
  }

  /** Steps of the files that there are, newest first; whether they are intact is seen on reading. */
  async steps(): Promise<number[]> {
    const matches = (await namesIn(this.#folder)).map((name) => fileName.exec(name)?.[1]);
    return matches
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => b - a);
  }

  /**
   * Writes atomically, and only then deletes those that need not be kept. Returns the path.
   * Throws StorageError; then all former checkpoints are as they were.
   */
  async save(contents: CheckpointContents): Promise<string> {
    const path = this.pathOf(contents.step);
    await writeCheckpoint(path, contents, this.#files);
    this.#refused.delete(contents.step);
    for (const step of await this.#superseded(contents.step)) {
      try {
        await this.#files.remove(this.pathOf(step));
      } catch (error) {
        throw storageError(error, "delete", this.pathOf(step));
      }
    }
    return path;
  }

  /** Reads and verifies the checkpoint after `step` steps. Throws CheckpointError or StorageError. */
  read(step: number): Promise<Checkpoint> {
    return readCheckpoint(this.pathOf(step));
  }

  /**
   * The newest checkpoint that is intact, and why newer ones are not. Throws CheckpointError when there are
   * checkpoints and none is usable.
   */
  async loadNewest(): Promise<NewestCheckpoint> {
    const refused: Refusal[] = [];
    for (const step of await this.steps()) {
      try {
        const checkpoint = await this.read(step);
        if (checkpoint.step !== step) throw new CheckpointError(checkpoint.path, `it is of step ${checkpoint.step}`);
        return { checkpoint, refused };
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        this.#refused.add(step);
        refused.push({ path: error.path, step, reason: error.reason });
      }
    }
    if (refused.length === 0) return { checkpoint: null, refused };
    throw new CheckpointError(
      this.#folder,
      `none of the ${refused.length} files in it is intact: ${refused.map(({ path, reason }) => `${path}: ${reason}`).join("; ")}`,
    );
  }

  /** Only steps up to the one just written compete for a place: later ones are of a past that training left. */
  async #superseded(newest: number): Promise<number[]> {
    const { keep, milestoneEvery } = this.#retention;
    const good = (await this.steps()).filter((step) => step <= newest && !this.#refused.has(step));
    return good.slice(keep).filter((step) => milestoneEvery === 0 || step % milestoneEvery !== 0);
  }
}
