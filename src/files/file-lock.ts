// Keeps two processes from writing the same files: a file that names the process, and is seen through when that has died.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { readText } from "./regular-file.js";
import { errorCode, storageError } from "./storage.js";
import { StorageError } from "./storage-error.js";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes this process from a later one with the same number, where the system gives it; else empty. */
  readonly started: string;
  readonly since: string;
}

/** The living process that has a lock, in words. */
export interface LockHolder {
  readonly busy: string;
  /** What else can be done than to wait: something where it runs on another machine, which cannot be seen from here. */
  readonly hint: string;
}

export class FileLock {
  readonly #path: string;
  readonly #content: string;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  /**
   * Takes the lock, also over from a process that has died; says who has it while another process does. Throws
   * StorageError when it cannot be written.
   */
  static acquire(path: string): FileLock | LockHolder {
    const taken = FileLock.#take(path);
    return taken instanceof FileLock ? taken : described(path, taken);
  }

  /** Whether a living process, this one included, has it. Throws StorageError. */
  static isHeld(path: string): boolean {
    const holder = parse(read(path) ?? "");
    return holder !== undefined && !isStale(holder);
  }

  /** The lock, or the living process that has it. */
  static #take(path: string): FileLock | Owner {
    const owner: Owner = {
      pid: process.pid,
      host: hostname(),
      started: processStatus(process.pid)?.started ?? "",
      since: new Date().toISOString(),
    };
    const content = `${JSON.stringify(owner)}\n`;
    // A second turn after a dead process's lock was put aside; more only when others do the same at the same time.
    for (let turn = 0; turn < 5; turn++) {
      if (create(path, content)) return new FileLock(path, content);
      const held = read(path);
      if (held === undefined) continue;
      const holder = parse(held);
      if (holder !== undefined && !isStale(holder)) return holder;
      putAside(path, held);
    }
    const message = `Other processes keep taking ${path}. Wait for them, or delete it if none is running`;
    throw new StorageError(message, "EBUSY", path, undefined);
  }

  /** Gives the lock back; does nothing when it is no longer ours. */
  release(): void {
    if (read(this.#path) === this.#content) rmSync(this.#path, { force: true });
  }
}

/** Creates the lock whole, so that it is never seen empty; says whether there was none. */
function create(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, content);
    try {
      linkSync(draft, path);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      // A file system without hard links: exclusive creation is nearly as good.
      writeFileSync(path, content, { flag: "wx" });
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw storageError(error, "write", path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw storageError(error, "read", path);
  }
}

/** Undefined for anything but a whole lock, such as the trace of a full disk. */
function parse(content: string): Owner | undefined {
  try {
    const owner = JSON.parse(content) as Partial<Owner>;
    return typeof owner.pid === "number" && typeof owner.host === "string" ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function isStale({ pid, host, started }: Owner): boolean {
  // Processes of other machines cannot be seen from here.
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if (errorCode(error) === "ESRCH") return true;
  }
  const found = processStatus(pid);
  // A process that was killed keeps its number until its parent looks, which in a container may be never.
  if (found?.state === "Z") return true;
  return found !== undefined && started !== "" && found.started !== started;
}

interface ProcessStatus {
  /** "Z" for a process that has ended. */
  readonly state: string;
  /** Boot and start time: a restarted container gives a new process the old number. */
  readonly started: string;
}

/** What Linux says of a process; undefined elsewhere, and where there is none. */
function processStatus(pid: number): ProcessStatus | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses and may hold anything; the state is the 3rd field, the start the 22nd.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, started: `${boot}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

/** Renaming is atomic: of several processes that see the dead lock, each moves at most one file away. */
function putAside(path: string, seen: string): void {
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw storageError(error, "take over", path);
  }
  const moved = read(aside);
  rmSync(aside, { force: true });
  // Between reading and renaming another process took over; it must have its lock back.
  if (moved !== undefined && moved !== seen) create(path, moved);
}

function described(path: string, { pid, host, since }: Owner): LockHolder {
  const isHere = host === hostname();
  return {
    busy: `process ${pid}${isHere ? "" : ` on ${host}`} since ${since}`,
    hint: isHere ? "" : `; if it is certain that it no longer runs, delete ${path}`,
  };
}
