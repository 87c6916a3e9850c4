// Errors of this room: each message says what was expected, what was found and what to do.

import { FileError } from "../files/file-error.js";
import { isWrongPath } from "../files/storage-error.js";
import { NOT_AN_IMAGE } from "./image-kind.js";

/** What an error says: what was expected, what was found, and what to do. */
export interface Finding {
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;
}

/** Base class of everything that loading images can throw on purpose. */
export class DataError extends Error {
  override readonly name: string = "DataError";

  /** Whether it is the request that has to change: not a damaged file, nor the machine. */
  get isMisuse(): boolean {
    return false;
  }

  constructor({ expected, found, remedy }: Finding, options?: ErrorOptions) {
    super(`Expected ${expected}, but found ${found}. ${remedy}.`, options);
  }
}

/** A path that holds no images in a form that is known, or cannot be read. */
export class SourceError extends DataError {
  override readonly name = "SourceError";

  /** What the system or a codec could not read has that as its cause; a path to nothing, or to a folder in place of a file, is a wrong path all the same. */
  override get isMisuse(): boolean {
    const { cause } = this;
    if (cause === undefined || (cause instanceof FileError && cause.code === "NOT_A_FILE")) return true;
    return cause instanceof Error && "code" in cause && isWrongPath(String(cause.code));
  }
}

/** An option outside its limits. */
export class DataOptionError extends DataError {
  override readonly name = "DataOptionError";

  override get isMisuse(): boolean {
    return true;
  }
}

/** Fewer images than one batch needs. */
export class TooFewImagesError extends DataError {
  override readonly name = "TooFewImagesError";

  constructor(
    readonly count: number,
    readonly batchSize: number,
    /** What to do, where not every smaller batch would do. */
    remedy = `Set the batch size to ${count} or less, or add images`,
  ) {
    super({
      expected: `at least ${batchSize} images for a batch of ${batchSize}`,
      found: count === 1 ? "1 image" : `${count} images`,
      remedy,
    });
  }

  override get isMisuse(): boolean {
    return true;
  }
}

/** An image that was asked for by name and cannot be read. */
export class UnreadableImageError extends DataError {
  override readonly name = "UnreadableImageError";

  constructor(
    readonly imageName: string,
    readonly reason: string,
  ) {
    super({ expected: `a readable image at ${imageName}`, found: reason, remedy: "Repair the file or leave it out" });
  }

  /** A file of another kind was asked for by mistake; all else is damaged or gone. */
  override get isMisuse(): boolean {
    return this.reason === NOT_AN_IMAGE;
  }
}

/** More images were skipped than the limit allows, or none is left. */
export class TooManyUnreadableError extends DataError {
  override readonly name = "TooManyUnreadableError";

  constructor(unreadable: number, count: number, allowed: number, examples: readonly string[]) {
    const rest = unreadable - examples.length;
    super({
      expected:
        unreadable === count ? "at least one readable image" : `at most ${allowed} of ${count} images unreadable`,
      found: `${unreadable}: ${examples.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`,
      remedy: "Repair or remove these files, or allow more: data.maxUnreadableShare of a configuration",
    });
  }
}

/** The worker threads that load images have stopped. */
export class LoaderError extends DataError {
  override readonly name = "LoaderError";
}

/** Images are not those that a run, or the features of a set, began with. */
export class SourceChangedError extends DataError {
  override readonly name = "SourceChangedError";
}
