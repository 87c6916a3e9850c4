// What the machine has: cores and memory, as this process may use them.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";

export interface Cores {
  /** Physical cores that this process may run on; null where the system does not tell. */
  readonly physical: number | null;
  /** Threads that the system lets run at once. */
  readonly logical: number;
}

export function countCores(): Cores {
  const logical = availableParallelism();
  return { physical: linuxPhysicalCores() ?? macPhysicalCores(), logical };
}

/** The threads that the engine takes when it is left to choose: one for each physical core. */
export function engineThreads(): number {
  const { physical, logical } = countCores();
  return physical ?? logical;
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

function linuxPhysicalCores(): number | null {
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
    return new Set(cores).size || null;
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
  /** What can be used without swapping. */
  readonly availableBytes: number;
  /** The container's limit (cgroup), where it is below the machine's memory. */
  readonly limitBytes: number | null;
}

export function measureMemory(): Memory {
  const totalBytes = totalmem();
  const limit = process.constrainedMemory();
  return {
    totalBytes,
    availableBytes: linuxAvailableMemory() ?? freemem(),
    limitBytes: limit > 0 && limit < totalBytes ? limit : null,
  };
}

function linuxAvailableMemory(): number | null {
  try {
    const match = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
    return match === null ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}
