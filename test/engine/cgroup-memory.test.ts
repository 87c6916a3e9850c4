// Limits of control groups, from folders that look like those of Linux.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { groupMemory } from "#src/engine/cgroup-memory.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-cgroup-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;

function machine(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), `${text}\n`);
  }
  return join(folder, name);
}

test("version 2: the limit less what is used, caches of files left aside", () => {
  const root = machine("v2", {
    "proc/self/cgroup": "0::/batch/job",
    "sys/fs/cgroup/batch/job/memory.max": String(1000 * MIB),
    "sys/fs/cgroup/batch/job/memory.current": String(900 * MIB),
    "sys/fs/cgroup/batch/job/memory.stat": `anon 1\ninactive_file ${500 * MIB}\nactive_file ${100 * MIB}`,
  });
  expect(groupMemory(root)).toEqual({ limitBytes: 1000 * MIB, freeBytes: 700 * MIB });
});

test("version 2: of nested groups the tightest holds", () => {
  const root = machine("nested", {
    "proc/self/cgroup": "0::/batch/job",
    "sys/fs/cgroup/batch/job/memory.max": "max",
    "sys/fs/cgroup/batch/job/memory.current": String(10 * MIB),
    "sys/fs/cgroup/batch/memory.max": String(300 * MIB),
    "sys/fs/cgroup/batch/memory.current": String(250 * MIB),
  });
  expect(groupMemory(root)).toEqual({ limitBytes: 300 * MIB, freeBytes: 50 * MIB });
});

test("in a container the mount itself is the group", () => {
  const two = machine("container", {
    "proc/self/cgroup": "0::/",
    "sys/fs/cgroup/memory.max": String(64 * MIB),
    "sys/fs/cgroup/memory.current": String(80 * MIB),
  });
  expect(groupMemory(two)).toEqual({ limitBytes: 64 * MIB, freeBytes: 0 });
  const one = machine("container-v1", {
    "proc/self/cgroup": "4:memory:/docker/0123\n2:cpu:/docker/0123\n0::/",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": String(64 * MIB),
    "sys/fs/cgroup/memory/memory.usage_in_bytes": String(60 * MIB),
    "sys/fs/cgroup/memory/memory.stat": `cache 5\ntotal_inactive_file ${20 * MIB}\ntotal_active_file 0`,
  });
  expect(groupMemory(one)).toEqual({ limitBytes: 64 * MIB, freeBytes: 24 * MIB });
});

test("no limit, no answer", () => {
  const unlimited = {
    "proc/self/cgroup": "4:memory:/",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
  };
  expect(groupMemory(machine("unlimited", unlimited))).toBeNull();
  expect(groupMemory(join(folder, "no linux"))).toBeNull();
});
