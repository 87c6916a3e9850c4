// The images of an embedding and what is kept of them beside the features: compared when it is called again.

import {
  compareSource,
  describeChanges,
  hasChanges,
  type ImageSource,
  recordSource,
  SourceChangedError,
  type SourceRecord,
} from "../data/index.js";
import { readSourceFile, writeSourceFile } from "../training/source-file.js";
import { type FeatureOrigin, featurePaths, readBegunOrigin, readOrigin } from "./feature-description.js";
import type { ImageProgress } from "./image-progress.js";

/** What a kill may leave unknown of the images that were read last. */
const WRITE_MILLISECONDS = 30_000;

export class EmbeddedImages {
  readonly #path: string;
  readonly #record: SourceRecord;
  #written = performance.now();

  private constructor(path: string, record: SourceRecord) {
    this.#path = path;
    this.#record = record;
  }

  /**
   * Compares the images with those that the files at `out`, finished or not, are of: all files are looked at, for these
   * files are about to be called current. Throws SourceChangedError where they are others, StorageError.
   */
  static async open(
    out: string,
    source: ImageSource,
    origin: FeatureOrigin,
    progress: ImageProgress,
  ): Promise<EmbeddedImages> {
    const { json, images: path } = featurePaths(out);
    const opened = new EmbeddedImages(path, recordSource(source));
    const there = readOrigin(json) ?? readBegunOrigin(`${json}.partial`);
    // Files of another source are refused for that.
    if (there !== undefined && JSON.stringify(there.source) !== JSON.stringify(origin.source)) return opened;
    const before = there === undefined ? undefined : readSourceFile(path);
    if (before !== undefined) {
      const { signal } = progress;
      const changes = await progress.waiting.during("Comparing images", (count) =>
        compareSource(before, source, {
          everyFile: true,
          onListing: (files) => count(files, source.count),
          ...(signal && { signal }),
        }),
      );
      if (hasChanges(changes)) throw changed(out, changes);
    } else if (there !== undefined && there.images === source.count) {
      progress.print(
        `${json} has no record of its images beside it, as those of before: whether they changed since is not known.`,
      );
    }
    if (there === undefined || there.images === source.count) await opened.write();
    return opened;
  }

  /** Writes what is known of the images now and then. */
  async writeIfDue(): Promise<void> {
    if (performance.now() - this.#written >= WRITE_MILLISECONDS) await this.write();
  }

  /** Throws StorageError. */
  async write(): Promise<void> {
    await writeSourceFile(this.#path, this.#record);
    this.#written = performance.now();
  }
}

function changed(out: string, changes: Parameters<typeof describeChanges>[0]): SourceChangedError {
  return new SourceChangedError({
    expected: `the images that ${out} was made of`,
    found: describeChanges(changes).join("; "),
    remedy: "Restore them; or embed them as they are now under another name, or after deleting the files of this one",
  });
}
