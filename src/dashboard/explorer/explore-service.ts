// The dashboard's side of the mixture explorer: a worker thread once it is needed, and few questions at a time.

// Before the worker starts: it cannot switch the telemetry of the engine off itself.
import "../../engine/onnxruntime/telemetry-off.js";
import { WorkerPool } from "../../data/worker-pool.js";
import type { Exploration } from "../api.js";
import { ExploreError } from "./explore-error.js";
import type { ExploreOptions } from "./explorer.js";

export interface ExploreTask extends ExploreOptions {
  readonly folder: string;
  /** Another one once the run has another checkpoint. */
  readonly stamp: string;
}

export type ExploreAnswer = { readonly found: Exploration } | { readonly problem: string };

/** Questions that wait for an answer; a page asks one at a time. */
const MOST_WAITING = 8;

/** What a question gets while too many wait. */
export class ExplorerBusyError extends Error {
  override readonly name = "ExplorerBusyError";
}

export class ExploreService {
  #pool: WorkerPool<ExploreTask, ExploreAnswer, never> | undefined;
  #waiting = 0;

  /** Throws ExploreError with what is to be said of a run that cannot be explored, ExplorerBusyError. */
  async explore(task: ExploreTask): Promise<Exploration> {
    if (this.#waiting >= MOST_WAITING) {
      throw new ExplorerBusyError(
        `Expected at most ${MOST_WAITING} mixtures at a time; found more asked for. Wait until some are there.`,
      );
    }
    this.#waiting++;
    try {
      const answer = await this.#worker().run(task);
      if ("problem" in answer) throw new ExploreError(answer.problem);
      return answer.found;
    } finally {
      this.#waiting--;
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
    this.#pool = undefined;
  }

  /** One that died is replaced when it is needed next. */
  #worker(): WorkerPool<ExploreTask, ExploreAnswer, never> {
    if (this.#pool === undefined) {
      const script = new URL("./explore-worker.js", import.meta.url);
      const pool = new WorkerPool<ExploreTask, ExploreAnswer, never>(
        script,
        undefined,
        1,
        () => {},
        () => {
          if (this.#pool === pool) this.#pool = undefined;
        },
      );
      this.#pool = pool;
    }
    return this.#pool;
  }
}
