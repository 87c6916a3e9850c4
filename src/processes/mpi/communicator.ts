// Processes that speak by MPI. Before each call they meet, so that one that has failed can tell the others.

import { hostname } from "node:os";
import { gatherValues } from "../agreement.js";
import type { Communicator, Summable, SumOptions } from "../communicator.js";
import { PeerError, ProcessesError } from "../errors.js";
import type { Launch } from "../launch.js";
import { loadMpi, type MpiLibrary } from "./library.js";
import { sumAsBfloat16 } from "./sum-bfloat16.js";
import { endWithLauncher, waitUntil } from "./waiting.js";

/** MPI is called by one thread alone. */
const THREAD_FUNNELED = 1;
/** MPI counts with 32 bits. */
const LARGEST_MESSAGE = 2 ** 28;
/** Values of a message for each process: those that a process adds up at once stay in its cache. */
const MESSAGE_PART = 2 ** 19;

/** Values that so many processes add up at once: much longer messages take twice the time (`npm run bench -- scale`). */
export function messageLength(processes: number): number {
  return Math.min(LARGEST_MESSAGE, MESSAGE_PART * processes);
}

/** What processes meet for; all must have come for the same. */
const purposes = ["sum", "broadcast", "gather", "end"] as const;
type Purpose = (typeof purposes)[number];

/** Opens the processes of a launch. Throws ProcessesError where koffi or MPI is missing or not the launcher's. */
export async function openMpi(launch: Launch, environment: NodeJS.ProcessEnv = process.env): Promise<Communicator> {
  const mpi = await loadMpi(launch, environment);
  const { world } = mpi.handles;
  const number = () => new Int32Array(new ArrayBuffer(4));
  const [provided, rank, size] = [number(), number(), number()];
  mpi.init(null, null, THREAD_FUNNELED, provided);
  mpi.commRank(world, rank);
  mpi.commSize(world, size);
  if (size[0] !== launch.size) {
    mpi.finalize();
    throw new ProcessesError({
      expected: `${launch.size} processes, as ${launch.variable} says`,
      found: `${size[0]} by ${mpi.version}`,
      remedy: "Use the launcher of this library, or name the launcher's own library in MIXEDAE_MPI_LIBRARY",
    });
  }
  const communicator = new MpiCommunicator(mpi, rank[0]!, size[0]!);
  const hosts = await gatherValues(communicator, hostname());
  communicator.onMachine = hosts.filter((host) => host === hostname()).length;
  return communicator;
}

class MpiCommunicator implements Communicator {
  onMachine = 1;
  readonly #request = new Uint8Array(new ArrayBuffer(8));
  readonly #isDone = new Int32Array(new ArrayBuffer(4));
  readonly #meeting = new Int32Array(new ArrayBuffer(4 * 5));
  readonly #stopWatching = endWithLauncher();
  #failure: Error | undefined;

  constructor(
    private readonly mpi: MpiLibrary,
    readonly rank: number,
    readonly size: number,
  ) {}

  async sum(values: Summable, { asBfloat16 = false }: SumOptions = {}): Promise<void> {
    await this.#meet("sum", values.length);
    const { world, inPlace, float32, float64, sum } = this.mpi.handles;
    if (asBfloat16 && values instanceof Float32Array) {
      sumAsBfloat16(this.mpi, this.size, values);
      return;
    }
    const type = values instanceof Float32Array ? float32 : float64;
    for (const part of inMessages(values, messageLength(this.size)))
      this.mpi.allreduce(inPlace, part, part.length, type, sum, world);
  }

  async broadcast(values: Float32Array | Uint8Array): Promise<void> {
    await this.#meet("broadcast", values.length);
    const { world, float32, byte } = this.mpi.handles;
    const type = values instanceof Float32Array ? float32 : byte;
    for (const part of inMessages(values, LARGEST_MESSAGE)) this.mpi.bcast(part, part.length, type, 0, world);
  }

  async gather(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    await this.#meet("gather");
    return this.#gather(bytes);
  }

  async close(error?: Error): Promise<Error | undefined> {
    const known = this.#failure;
    try {
      if (known === undefined) await this.#meet("end", 0, error);
    } catch (failure) {
      return failure === error ? undefined : (failure as Error);
    } finally {
      this.#stopWatching();
      this.mpi.finalize();
    }
    return undefined;
  }

  /** Resolves when all have come for the same. Throws where one of them has failed, and from then on always. */
  async #meet(purpose: Purpose, length = 0, error?: Error): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const [what, size] = [purposes.indexOf(purpose), length % 2 ** 31];
    const failed = error === undefined ? 0 : this.size - this.rank;
    this.#meeting.set([failed, what, -what, size, -size]);
    const { world, inPlace, int32, max, noStatus } = this.mpi.handles;
    this.mpi.iallreduce(inPlace, this.#meeting, 5, int32, max, world, this.#request);
    await waitUntil(() => {
      this.mpi.test(this.#request, this.#isDone, noStatus);
      return this.#isDone[0] !== 0;
    });
    const [first = 0, most = 0, least = 0, longest = 0, shortest = 0] = this.#meeting;
    if (first > 0) this.#failure = this.#learnFailure(this.size - first, error);
    else if (most !== -least || (purpose !== "end" && purpose !== "gather" && longest !== -shortest)) {
      this.#failure = new ProcessesError({
        expected: "all processes to compute the same run",
        found: `process ${this.rank} at "${purpose}" of ${length}, others at "${purposes[most]}" of ${longest}`,
        remedy: "Start all of them with the same version, command and images",
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** All learn what the first of those that failed has to say. */
  #learnFailure(rank: number, own: Error | undefined): Error {
    const told = this.#gather(this.rank === rank && own !== undefined ? PeerError.encode(own) : new Uint8Array(0));
    return own ?? PeerError.decode(rank, told[rank]!);
  }

  #gather(bytes: Uint8Array): Uint8Array[] {
    const { world, int32, byte } = this.mpi.handles;
    const counts = new Int32Array(new ArrayBuffer(4 * this.size));
    const own = new Int32Array(new ArrayBuffer(4)).fill(bytes.length);
    this.mpi.allgather(own, 1, int32, counts, 1, int32, world);
    const offsets = new Int32Array(new ArrayBuffer(4 * this.size));
    for (let rank = 1; rank < this.size; rank++) offsets[rank] = offsets[rank - 1]! + counts[rank - 1]!;
    const total = offsets.at(-1)! + counts.at(-1)!;
    const sent = new Uint8Array(new ArrayBuffer(Math.max(1, bytes.length)));
    sent.set(bytes);
    const all = new Uint8Array(new ArrayBuffer(Math.max(1, total)));
    this.mpi.allgatherv(sent, bytes.length, byte, all, counts, offsets, byte, world);
    return Array.from(counts, (count, rank) => all.subarray(offsets[rank]!, offsets[rank]! + count));
  }
}

function* inMessages<Values extends Summable | Uint8Array>(values: Values, length: number): Generator<Values> {
  for (let start = 0; start < values.length; start += length) {
    yield values.subarray(start, start + length) as Values;
  }
}
