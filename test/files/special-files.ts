// Things that lie at a path and are no regular files.

import { spawnSync } from "node:child_process";

/** Whether pipes and devices have names here. */
export const hasSpecialFiles = process.platform !== "win32";

/** A named pipe that nobody writes to: opening it in the usual way would wait for ever. */
export function makePipe(path: string): string {
  const { status } = spawnSync("mkfifo", [path]);
  if (status !== 0) throw new Error(`mkfifo ${path} failed`);
  return path;
}
