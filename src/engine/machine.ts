// What the machine has: cores and memory, as this process may use them.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { groupMemory } from "./cgroup-memory.js";

export interface Cores {
  /** Physical cores that this process may run on; null where the system does not tell. */
  readonly physical: number | null;
  /** Threads that the system lets run at once. */
  readonly logical: number;
}

export function countCores(): Cores {
  const logical = availableParallelism();
  return { physical: physicalCores()?.length ?? macPhysicalCores(), logical };
}

/** The threads that the engine takes when it is left to choose: one for each physical core. */
export function engineThreads(): number {
  const { physical, logical } = countCores();
  return physical ?? logical;
}

/** The most threads that anything may ask for here: more only wait for each other, and each takes memory. */
export function mostThreads(): number {
  return Math.max(8, 4 * availableParallelism());
}

/** What is wrong with a number of engine threads, as a sentence; undefined where nothing is. */
export function threadsProblem(threads: number): string | undefined {
  const most = mostThreads();
  if (Number.isInteger(threads) && threads >= 0 && threads <= most) return undefined;
  const cores = availableParallelism();
  return (
    `expected a whole number from 0 to ${most}, since this machine runs ${cores} at once; found ${threads}. ` +
    `Take 0 for one thread a physical core, which is usually the fastest`
  );
}

/** Numbers from a list such as "0-3,8,10-11". */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The physical cores that this process may run on, by names of their own; null where the system does not tell. */
export function physicalCores(): readonly string[] | null {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const allowed = new Set(parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? ""));
    const folder = "/sys/devices/system/cpu";
    const cpus = readdirSync(folder)
      .map((name) => /^cpu(\d+)$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .filter((digits) => allowed.has(Number(digits)));
    const cores = cpus.map((cpu) => {
      const topology = `${folder}/cpu${cpu}/topology`;
      return `${readFileSync(`${topology}/physical_package_id`, "utf8")}/${readFileSync(`${topology}/core_id`, "utf8")}`;
    });
    return cores.length > 0 ? [...new Set(cores)] : null;
  } catch {
    return null;
  }
}

function macPhysicalCores(): number | null {
  if (process.platform !== "darwin") return null;
  try {
    return Number(execFileSync("sysctl", ["-n", "hw.physicalcpu"], { encoding: "utf8" })) || null;
  } catch {
    return null;
  }
}

export interface Memory {
  readonly totalBytes: number;
  /** What this process can still use without swapping, and without being ended for exceeding the container's limit. */
  readonly availableBytes: number;
  /** The container's limit (cgroup), where it is below the machine's memory. */
  readonly limitBytes: number | null;
}

export function measureMemory(): Memory {
  const totalBytes = totalmem();
  const group = groupMemory();
  const machine = linuxAvailableMemory() ?? macAvailableMemory() ?? freemem();
  return {
    totalBytes,
    availableBytes: Math.min(machine, group?.freeBytes ?? machine),
    limitBytes: group !== null && group.limitBytes < totalBytes ? group.limitBytes : null,
  };
}

/** macOS calls only those pages free that hold nothing at all; inactive ones are given to whoever asks. */
function macAvailableMemory(): number | null {
  if (process.platform !== "darwin") return null;
  try {
    return parseVmStat(execFileSync("vm_stat", { encoding: "utf8" }));
  } catch {
    return null;
  }
}

/** Bytes that the output of macOS' vm_stat calls free, inactive, speculative or purgeable; null for other text. */
export function parseVmStat(text: string): number | null {
  const pageSize = Number(/page size of (\d+) bytes/.exec(text)?.[1] ?? Number.NaN);
  const pages = ["free", "inactive", "speculative", "purgeable"].map((kind) =>
    Number(new RegExp(`^Pages ${kind}:\\s*(\\d+)\\.`, "m").exec(text)?.[1] ?? 0),
  );
  return Number.isFinite(pageSize) ? pageSize * pages.reduce((sum, count) => sum + count, 0) : null;
}

function linuxAvailableMemory(): number | null {
  try {
    const match = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}
