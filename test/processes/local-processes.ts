// Several "processes" within this one, for tests of what they compute: the same meetings as by MPI, without MPI.
import type { Communicator, Summable } from "#src/processes/communicator.js";
import { PeerError } from "#src/processes/errors.js";

interface Visit {
  readonly purpose: string;
  readonly given: Uint8Array | Summable | undefined;
  readonly error: Error | undefined;
}

/** Where all come together: resolves with what each brought, once the last one is there. */
class Meeting {
  #visits: (Visit | undefined)[];
  #waiting: ((visits: readonly Visit[]) => void)[] = [];

  constructor(readonly size: number) {
    this.#visits = new Array<Visit | undefined>(size).fill(undefined);
  }

  come(rank: number, visit: Visit): Promise<readonly Visit[]> {
    this.#visits[rank] = visit;
    const met = new Promise<readonly Visit[]>((resolve) => this.#waiting.push(resolve));
    if (this.#visits.every((each) => each !== undefined)) {
      const [visits, waiting] = [this.#visits as Visit[], this.#waiting];
      this.#visits = new Array<Visit | undefined>(this.size).fill(undefined);
      this.#waiting = [];
      for (const resolve of waiting) resolve(visits);
    }
    return met;
  }
}

/** Communicators of so many processes, by rank. */
export function localProcesses(size: number): Communicator[] {
  const meeting = new Meeting(size);
  return Array.from({ length: size }, (_, rank) => localProcess(meeting, rank));
}

function localProcess(meeting: Meeting, rank: number): Communicator {
  let failure: Error | undefined;
  const meet = async (purpose: string, given?: Visit["given"], error?: Error) => {
    if (failure !== undefined) throw failure;
    const visits = await meeting.come(rank, { purpose, given, error });
    const failed = visits.findIndex((visit) => visit.error !== undefined);
    if (failed >= 0) {
      failure = error ?? PeerError.decode(failed, PeerError.encode(visits[failed]!.error!));
      throw failure;
    }
    const purposes = new Set(visits.map((visit) => visit.purpose));
    if (purposes.size > 1) throw new Error(`processes met for ${[...purposes].join(", ")}`);
    return visits.map((visit) => visit.given);
  };
  return {
    rank,
    size: meeting.size,
    onMachine: meeting.size,
    async sum(values) {
      const all = (await meet("sum", values.slice())) as Summable[];
      for (const place of values.keys()) values[place] = all.reduce((sum, each) => sum + each[place]!, 0);
    },
    async broadcast(values) {
      const [first] = await meet("broadcast", values.slice() as Float32Array);
      values.set(first as Uint8Array);
    },
    gather: async (bytes) => (await meet("gather", bytes.slice())) as Uint8Array[],
    async close(error) {
      try {
        if (failure === undefined) await meet("end", undefined, error);
      } catch (found) {
        return found === error ? undefined : (found as Error);
      }
      return undefined;
    },
  };
}

/** Runs the same work as each of several processes at once, as a command does: what one fails with ends all. */
export async function together<Result>(
  size: number,
  work: (communicator: Communicator) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  return Promise.allSettled(
    localProcesses(size).map(async (communicator) => {
      try {
        const result = await work(communicator);
        const other = await communicator.close();
        if (other !== undefined) throw other;
        return result;
      } catch (error) {
        await communicator.close(error as Error);
        throw error;
      }
    }),
  );
}

/** The same where none may fail. */
export async function allTogether<Result>(
  size: number,
  work: (communicator: Communicator) => Promise<Result>,
): Promise<Result[]> {
  const settled = await together(size, work);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<Result>).value);
}
