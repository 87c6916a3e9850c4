// What the control groups of Linux (containers, services, batch systems) leave to this process of the memory.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface GroupMemory {
  readonly limitBytes: number;
  /** The limit less what the group uses, caches that it would give back left aside. */
  readonly freeBytes: number;
}

interface GroupFiles {
  readonly limit: string;
  readonly usage: string;
  /** Lines of memory.stat that can be given back: pages of files, and memory of the kernel that it can free. */
  readonly reclaimable: readonly string[];
}

const versions: Readonly<Record<1 | 2, GroupFiles>> = {
  1: {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    reclaimable: ["total_inactive_file", "total_active_file"],
  },
  2: {
    limit: "memory.max",
    usage: "memory.current",
    reclaimable: ["inactive_file", "active_file", "slab_reclaimable"],
  },
};

/**
 * The tightest group around this process; null where none limits it. A group's own limit and those of the groups
 * around it all hold. `root` stands for / in tests.
 */
export function groupMemory(root = "/"): GroupMemory | null {
  const groups = memberships(root).flatMap(({ version, mount, path }) =>
    groupsAround(mount, path).map((folder) => readGroup(folder, versions[version])),
  );
  const limited = groups.filter((group) => group !== null);
  return limited.reduce<GroupMemory | null>(
    (tightest, group) => (tightest === null || group.freeBytes < tightest.freeBytes ? group : tightest),
    null,
  );
}

interface Membership {
  readonly version: 1 | 2;
  readonly mount: string;
  readonly path: string;
}

/** The lines of /proc/self/cgroup that are about memory: "0::/path" of version 2, "4:memory:/path" of version 1. */
function memberships(root: string): Membership[] {
  const mount = join(root, "sys/fs/cgroup");
  const lines = readIfThere(join(root, "proc/self/cgroup"))?.trim().split("\n") ?? [];
  return lines.flatMap((line): Membership[] => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") return [{ version: 2, mount, path }];
    return controllers.split(",").includes("memory") ? [{ version: 1, mount: join(mount, "memory"), path }] : [];
  });
}

/** Folders of a group and of those around it. In a container the path may be that outside: then the mount is its own. */
function groupsAround(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = path; at !== "/" && at !== "."; at = dirname(at)) {
    const folder = join(mount, at);
    if (existsSync(folder)) folders.push(folder);
  }
  return [...folders, mount];
}

function readGroup(folder: string, { limit, usage, reclaimable }: GroupFiles): GroupMemory | null {
  // "max" where there is none; version 1 has a number beyond all memory in its place.
  const limitBytes = Number(readIfThere(join(folder, limit)) ?? Number.NaN);
  const usedBytes = Number(readIfThere(join(folder, usage)) ?? Number.NaN);
  if (!Number.isFinite(limitBytes) || !Number.isFinite(usedBytes) || limitBytes >= 2 ** 60) return null;
  const stat = readIfThere(join(folder, "memory.stat")) ?? "";
  const given = reclaimable.map((name) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1] ?? 0));
  const held = Math.max(0, usedBytes - given.reduce((sum, bytes) => sum + bytes, 0));
  return { limitBytes, freeBytes: Math.max(0, limitBytes - held) };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
