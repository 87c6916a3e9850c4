// Finds the MPI library of this machine and calls it, through koffi: whoever does not use several processes needs neither.

import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ProcessesError } from "../errors.js";
import type { Launch } from "../launch.js";
import { type Flavour, flavours, type Handle, type Handles } from "./flavours.js";

/** The memory of an array, or an address. */
type Pointer = Int32Array | Uint8Array | Uint16Array | Float32Array | Float64Array | bigint | null;

/** The calls of MPI that are used; each throws ProcessesError where the library returns an error. */
export interface MpiLibrary {
  readonly flavour: Flavour;
  readonly handles: Handles;
  /** As the library tells it. */
  readonly version: string;
  init(argc: null, argv: null, threads: number, provided: Int32Array): void;
  commRank(comm: Handle, rank: Int32Array): void;
  commSize(comm: Handle, size: Int32Array): void;
  allreduce(from: Pointer, to: Pointer, count: number, type: Handle, operation: Handle, comm: Handle): void;
  iallreduce(
    ...call: [from: Pointer, to: Pointer, count: number, type: Handle, operation: Handle, comm: Handle, Pointer]
  ): void;
  test(request: Pointer, isDone: Int32Array, status: bigint): void;
  bcast(values: Pointer, count: number, type: Handle, root: number, comm: Handle): void;
  allgather(...call: [Pointer, count: number, type: Handle, Pointer, count: number, type: Handle, Handle]): void;
  allgatherv(
    ...call: [Pointer, number, Handle, to: Pointer, counts: Int32Array, offsets: Int32Array, type: Handle, Handle]
  ): void;
  alltoall(...call: [Pointer, count: number, type: Handle, Pointer, count: number, type: Handle, Handle]): void;
  finalize(): void;
}

/** What is used of koffi. */
interface ForeignLibrary {
  func(name: string, result: string, parameters: string[]): (...values: never[]) => number;
  symbol(name: string): bigint;
  unload(): void;
}

/** Names the file of the library where it cannot be found otherwise. */
const VARIABLE = "MIXEDAE_MPI_LIBRARY";

/** Throws ProcessesError where koffi or MPI is missing. */
export async function loadMpi(launch: Launch, environment: NodeJS.ProcessEnv): Promise<MpiLibrary> {
  const load = await loadKoffi(launch);
  const tried: string[] = [];
  for (const file of candidates(launch, environment)) {
    const library = open(load, file);
    if (library === undefined) continue;
    const version = versionOf(library);
    const flavour = flavours.find((each) => each.version.test(version));
    const fits = flavour !== undefined && (launch.flavour === undefined || launch.flavour === flavour.name);
    if (fits) return bind(library, flavour, version);
    tried.push(`${file}, which is ${flavour === undefined ? `"${version}"` : flavour.title}`);
    library.unload();
  }
  const wanted = flavours.find(({ name }) => name === launch.flavour)?.title;
  throw new ProcessesError({
    expected: `the library of ${wanted ?? "Open MPI or MPICH"}, whose launcher started ${launch.size} processes`,
    found: tried.length > 0 ? tried.join("; ") : "none",
    remedy:
      "Install it on every machine (Debian: apt install libopenmpi3 openmpi-bin, or mpich; on a cluster: module load), or " +
      `name its file, such as /opt/mpi/lib/libmpi.so, in the variable ${VARIABLE}`,
  });
}

async function loadKoffi(launch: Launch): Promise<(path: string) => ForeignLibrary> {
  try {
    const { load } = await import("koffi");
    // Parts of Open MPI are loaded later and look for its symbols.
    return (path) => load(path, { global: true }) as ForeignLibrary;
  } catch (error) {
    throw new ProcessesError({
      expected: `the package koffi, by which MPI is called, since ${launch.variable}=${launch.size} processes were started`,
      found: (error as Error).message.split("\n")[0]!,
      remedy: "Install it beside mixedae: npm install koffi (it needs no compiler and no install script)",
    });
  }
}

function candidates({ flavour }: Launch, environment: NodeJS.ProcessEnv): string[] {
  const given = environment[VARIABLE];
  if (given !== undefined && given !== "") return [given];
  const ordered = [...flavours].sort((a, b) => Number(b.name === flavour) - Number(a.name === flavour));
  const names = ordered.flatMap(({ files }) => files);
  const beside = launcherFolders(environment).flatMap((folder) => names.map((name) => join(folder, name)));
  return [...new Set([...names, ...beside.filter((path) => existsSync(path))])];
}

/** Where a library lies whose launcher is on the path: on clusters the loader often does not know of it. */
function launcherFolders({ PATH = "" }: NodeJS.ProcessEnv): string[] {
  return PATH.split(delimiter)
    .flatMap((folder) => ["mpirun", "mpiexec"].map((name) => join(folder, name)))
    .filter((path) => existsSync(path))
    .flatMap((path) => ["lib", "lib64"].map((name) => join(dirname(dirname(realpathSync(path))), name)));
}

function open(load: (path: string) => ForeignLibrary, file: string): ForeignLibrary | undefined {
  try {
    return load(file);
  } catch {
    return undefined;
  }
}

const VERSION_BYTES = 8192;

function versionOf(library: ForeignLibrary): string {
  const [text, length] = [Buffer.alloc(VERSION_BYTES), new Int32Array(new ArrayBuffer(4))];
  const call = library.func("MPI_Get_library_version", "int", ["void *", "void *"]);
  (call as (text: Buffer, length: Int32Array) => number)(text, length);
  return text.toString("utf8", 0, length[0]).replace(/\0.*/s, "").trim();
}

function bind(library: ForeignLibrary, flavour: Flavour, version: string): MpiLibrary {
  const handle = flavour.handleType;
  const call = <Values extends unknown[]>(name: string, ...parameters: string[]) => {
    const native = library.func(name, "int", parameters) as unknown as (...values: Values) => number;
    return (...values: Values): void => {
      const code = native(...values);
      if (code === 0) return;
      throw new ProcessesError({
        expected: `${name} to succeed`,
        found: `error ${code} of ${flavour.title}`,
        remedy: "See the launcher's own output",
      });
    };
  };
  const [pointer, int] = ["void *", "int"] as const;
  return {
    flavour,
    handles: flavour.handles((name) => library.symbol(name)),
    version: version.split("\n")[0]!,
    init: call("MPI_Init_thread", pointer, pointer, int, pointer),
    commRank: call("MPI_Comm_rank", handle, pointer),
    commSize: call("MPI_Comm_size", handle, pointer),
    allreduce: call("MPI_Allreduce", pointer, pointer, int, handle, handle, handle),
    iallreduce: call("MPI_Iallreduce", pointer, pointer, int, handle, handle, handle, pointer),
    test: call("MPI_Test", pointer, pointer, pointer),
    bcast: call("MPI_Bcast", pointer, int, handle, int, handle),
    allgather: call("MPI_Allgather", pointer, int, handle, pointer, int, handle, handle),
    allgatherv: call("MPI_Allgatherv", pointer, int, handle, pointer, pointer, pointer, handle, handle),
    alltoall: call("MPI_Alltoall", pointer, int, handle, pointer, int, handle, handle),
    finalize: call("MPI_Finalize"),
  };
}
