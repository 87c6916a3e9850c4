// Whether this process was started as one of several, by which launcher, as the environment says it.

import { ProcessesError } from "./errors.js";

/** The processes of a job, before any of them has spoken to another. */
export interface Launch {
  /** Which of them this is, from 0. */
  readonly rank: number;
  readonly size: number;
  /** The variable that says how many there are, for messages. */
  readonly variable: string;
  /** Whose launcher it was, where that shows; its library comes first. */
  readonly flavour: "openmpi" | "mpich" | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Of each launcher: how many processes there are, and which one this is. */
const launchers = [
  { size: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK", flavour: "openmpi" },
  { size: "PMI_SIZE", rank: "PMI_RANK", flavour: "mpich" },
  // Of a step that srun started; the script of a batch job has SLURM_NTASKS, but is one process.
  { size: "SLURM_STEP_NUM_TASKS", rank: "SLURM_PROCID", flavour: undefined },
] as const;

/** Undefined where there is one process. */
export function readLaunch(environment: Environment): Launch | undefined {
  for (const { size, rank, flavour } of launchers) {
    const [count, place] = [wholeNumber(environment[size]), wholeNumber(environment[rank])];
    if (count !== undefined && count > 1 && place !== undefined && place < count) {
      return { rank: place, size: count, variable: size, flavour };
    }
  }
  return undefined;
}

/** Throws ProcessesError where PyTorch's launcher started this process as one of several. */
export function refuseTorchrun(environment: Environment, command: readonly string[]): void {
  const count = wholeNumber(environment.WORLD_SIZE);
  const isTorchrun = environment.LOCAL_RANK !== undefined && environment.RANK !== undefined;
  if (!isTorchrun || count === undefined || count < 2 || readLaunch(environment) !== undefined) return;
  throw new ProcessesError(
    {
      expected: "several processes to be started by MPI's launcher",
      found: `torchrun's variables WORLD_SIZE=${count} and RANK=${environment.RANK}`,
      remedy: `Start them with: mpirun -n ${count} ${command.join(" ")}`,
    },
    true,
  );
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
