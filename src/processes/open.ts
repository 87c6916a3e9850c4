// Opens the processes that a launcher started, of which this is one.

import { type Communicator, oneProcess } from "./communicator.js";
import { readLaunch, refuseTorchrun } from "./launch.js";

/**
 * The processes of `mpirun` or `srun`, or this one alone where it was started by neither. `command` is this process' own,
 * for messages. Throws ProcessesError where koffi or MPI is missing, and where torchrun started several.
 */
export async function openProcesses(command: readonly string[], environment = process.env): Promise<Communicator> {
  refuseTorchrun(environment, command);
  const launch = readLaunch(environment);
  if (launch === undefined) return oneProcess;
  const { openMpi } = await import("./mpi/communicator.js");
  return openMpi(launch, environment);
}
