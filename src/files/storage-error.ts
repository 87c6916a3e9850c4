// The error of a file or folder that the operating system refuses to read or write.

/** The disk is full, the folder is read-only or the like: the operating system refused to read or write. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** The operating system's code, such as ENOSPC. */
  readonly code: string;
  readonly path: string;

  constructor(message: string, code: string, path: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.path = path;
  }

  /** Whether another path would do; else the disk is full, a right is missing or the like. */
  get isMisuse(): boolean {
    return isWrongPath(this.code);
  }
}

const wrongPathCodes = new Set(["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP", "ENAMETOOLONG"]);

/** Whether a code of the operating system means that the path is wrong, and not the disk or the rights. */
export function isWrongPath(code: string): boolean {
  return wrongPathCodes.has(code);
}
