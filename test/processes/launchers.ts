// The program and small scripts as several processes, by the MPI launchers of this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { programPath } from "../training/command-line.js";

export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly flags: readonly string[];
  readonly isThere: boolean;
}

const rankVariables = ["OMPI_COMM_WORLD_RANK", "PMI_RANK"];

function onPath(command: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));
}

/**
 * Tests may run as root, on few cores. Debian's MPICH is left out: over UCX it crashed Node.js once in a test, which is not
 * understood yet.
 */
export const launchers: readonly Launcher[] = [
  { name: "Open MPI", command: "mpirun.openmpi", flags: ["--oversubscribe", "--bind-to", "none"] } as const,
].map((launcher) => ({ ...launcher, isThere: onPath(launcher.command) }));

const environment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

export interface Launched {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the last `kill` on. */
  readonly seconds: number;
}

export interface RunningProcesses {
  /** The process ids by rank, of those whose command line has the text. */
  ids(text: string): readonly number[];
  /** Sends a signal to the launcher, or to one process. */
  kill(signal: NodeJS.Signals, id?: number): void;
  readonly ended: Promise<Launched>;
}

/** Starts Node.js so many times. */
export function launch({ command, flags }: Launcher, count: number, args: readonly string[]): RunningProcesses {
  const child = spawn(command, ["-n", String(count), ...flags, process.execPath, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
  let [stdout, stderr, killed] = ["", "", performance.now()];
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return {
    ids: (text) => rankedProcesses(text),
    kill(signal, id) {
      killed = performance.now();
      if (id === undefined) child.kill(signal);
      else process.kill(id, signal);
    },
    ended: once(child, "close").then(([code]) => {
      return { code, stdout, stderr, seconds: (performance.now() - killed) / 1000 };
    }),
  };
}

/** The program as so many processes. */
export function launchProgram(launcher: Launcher, count: number, args: readonly string[]): RunningProcesses {
  return launch(launcher, count, [programPath, ...args]);
}

function rankedProcesses(text: string): number[] {
  const ids: number[] = [];
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      if (command[0] !== process.execPath || !command.some((part) => part.includes(text))) continue;
      const variables = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
      const rank = variables.find((each) => rankVariables.includes(each.split("=")[0]!))?.split("=")[1];
      if (rank !== undefined) ids[Number(rank)] = Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ids;
}
