// What is wrong with what lies at a path.

/** What lies at a path is not a regular file, or larger than any file of its kind is. */
export class FileError extends Error {
  override readonly name = "FileError";

  constructor(
    readonly code: "NOT_A_FILE" | "TOO_LARGE",
    /** "a regular file" and "a folder", for messages that have an order of their own. */
    readonly expected: string,
    readonly found: string,
  ) {
    super(`expected ${expected}; found ${found}`);
  }
}
