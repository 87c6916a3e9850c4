// The images of a run and what it keeps of them: compared when it goes on, written down as they are read.

import {
  compareSource,
  describeChanges,
  hasChanges,
  type ImageSource,
  recordSource,
  SourceChangedError,
  type SourceRecord,
  stampsDigest,
} from "../data/index.js";
import type { FileSystem } from "../files/storage.js";
import type { Communicator } from "../processes/communicator.js";
import type { ResumeOverrides } from "./hooks.js";
import type { RunEvents } from "./run-events.js";
import { shareStamps } from "./share-stamps.js";
import { readSourceFile, writeSourceFile } from "./source-file.js";

/** What a run that goes on may accept, and how closely it looks. */
export type SourceChecks = Pick<ResumeOverrides, "acceptChangedSource" | "verifySource">;

/**
 * The images of a run that goes on: the first of its processes compares them with those that it began with, and all look
 * for changes as they read them. Throws SourceChangedError.
 */
export async function goOnWithImages(
  path: string,
  source: ImageSource,
  folder: string,
  checks: SourceChecks,
  events: RunEvents,
): Promise<KeptImages> {
  const { communicator, isFirst } = events;
  const kept = isFirst
    ? await KeptImages.goOn(path, source, folder, checks, events)
    : KeptImages.begin(path, source, checks);
  if (communicator.size > 1) await kept.share(communicator);
  return kept;
}

/** One set of images of a run. */
export class KeptImages {
  readonly #path: string;
  readonly #record: SourceRecord;
  /** Whether it was asked for that images may be others than before. */
  readonly accepts: boolean;
  #written: number | undefined;
  #shared: Uint8Array | undefined;

  private constructor(path: string, record: SourceRecord, accepts: boolean) {
    this.#path = path;
    this.#record = record;
    this.accepts = accepts;
  }

  /** Of a new run. */
  static begin(path: string, source: ImageSource, { acceptChangedSource = false }: SourceChecks = {}): KeptImages {
    return new KeptImages(path, recordSource(source), acceptChangedSource);
  }

  /**
   * Compares the images with those that the run began with. Throws SourceChangedError where they are others and that is
   * not accepted; where it is, and where nothing is known of them, it is said and noted in the run's log.
   */
  static async goOn(
    path: string,
    source: ImageSource,
    folder: string,
    { acceptChangedSource = false, verifySource = false }: SourceChecks,
    { warn }: Pick<RunEvents, "warn">,
  ): Promise<KeptImages> {
    const kept = new KeptImages(path, recordSource(source), acceptChangedSource);
    const before = readSourceFile(path);
    if (before === undefined) {
      warn(
        "This run has no record of its images, as runs of before: whether they changed since it began is not known.",
      );
      return kept;
    }
    const changes = await compareSource(before, source, { everyFile: verifySource || acceptChangedSource });
    if (!hasChanges(changes)) return kept;
    const lines = describeChanges(changes);
    if (!acceptChangedSource) {
      throw new SourceChangedError({
        expected: "the images that the run began with",
        found: lines.join("; "),
        remedy:
          `Restore them; or continue with the images as they are now: mixedae resume ${folder} --accept-changed-source. ` +
          "What it learns is then not what it would have learnt from one set of images",
      });
    }
    for (const line of lines) warn(`Images are not those that the run began with: ${line}`);
    return kept;
  }

  /** Makes known to all processes which images each of them has read since they did this last. */
  async share(communicator: Communicator): Promise<void> {
    this.#shared = await shareStamps(communicator, this.#record.stamps, this.#shared);
  }

  /** Writes down what is known of the images, if that is more than before. Throws StorageError. */
  async write(files?: FileSystem): Promise<void> {
    const { stamps } = this.#record;
    const digest = stamps === null ? 0 : stampsDigest(stamps);
    if (digest === this.#written) return;
    await writeSourceFile(this.#path, this.#record, files);
    this.#written = digest;
  }
}
