// A lock, for tests that need nothing but it.
import { FileLock } from "#src/files/file-lock.js";

/** Throws with the words for whoever has it, and the hint. */
export function takeLock(path: string): FileLock {
  const taken = FileLock.acquire(path);
  if (taken instanceof FileLock) return taken;
  throw new Error(`${taken.busy}${taken.hint}`);
}
