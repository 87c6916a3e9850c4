// A small pool of worker threads: tasks are queued at the workers themselves, so that they keep working while the main
// thread is busy, and a worker that dies fails everything that waits for it.

import { parentPort, type Transferable, Worker } from "node:worker_threads";
import { LoaderError } from "./errors.js";
import { untilAborted } from "./until-aborted.js";

type Answer<Result, Notice> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: string }
  | { readonly notice: Notice };

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
}

interface Member<Result> {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting<Result>>;
}

/** Worker threads that all run `script` and answer tasks in the order in which they get them. */
export class WorkerPool<Task, Result, Notice> {
  readonly #members: Member<Result>[];
  #nextId = 0;
  #holds = 0;
  #failure: Error | undefined;

  /** `onEnd` is called once all workers are gone, however they ended. */
  constructor(
    script: URL,
    workerData: unknown,
    size: number,
    onNotice: (notice: Notice) => void,
    onEnd: () => void = () => {},
  ) {
    let running = size;
    this.#members = Array.from({ length: size }, () => {
      const worker = new Worker(script, { workerData, execArgv: [] });
      const member: Member<Result> = { worker, waiting: new Map() };
      worker.on("message", (answer: Answer<Result, Notice>) => {
        if ("notice" in answer) onNotice(answer.notice);
        else this.#settle(member, answer);
      });
      worker.on("error", (error) => this.fail(died(error.message, error)));
      worker.on("messageerror", (error) => this.fail(died(error.message, error)));
      worker.on("exit", (code) => {
        this.fail(died(`exit code ${code}`));
        if (--running === 0) onEnd();
      });
      // A pool that nobody waits for must not keep the program from ending.
      worker.unref();
      return member;
    });
  }

  get size(): number {
    return this.#members.length;
  }

  /** Queues a task at the worker with the fewest tasks. Rejects if the task fails or a worker dies. */
  run(task: Task): Promise<Result> {
    const member = this.#members.reduce((least, one) => (one.waiting.size < least.waiting.size ? one : least));
    return this.#send(member, task);
  }

  /** Queues a task at every worker. */
  runEverywhere(task: Task): Promise<Result[]> {
    return Promise.all(this.#members.map((member) => this.#send(member, task)));
  }

  /** Ends the workers; whatever is still waiting is rejected with `reason`. */
  fail(reason: Error): void {
    if (this.#failure) return;
    this.#failure = reason;
    for (const { worker, waiting } of this.#members) {
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
      void worker.terminate();
    }
  }

  /** Keeps the program alive while `promise` is awaited, at most until the signal is aborted. */
  async hold<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
    if (this.#holds++ === 0) for (const { worker } of this.#members) worker.ref();
    try {
      return await untilAborted(promise, signal);
    } finally {
      if (--this.#holds === 0) for (const { worker } of this.#members) worker.unref();
    }
  }

  /** Ends the workers and waits until they are gone. */
  async close(): Promise<void> {
    this.fail(
      new LoaderError({ expected: "an open batch stream", found: "one that was closed", remedy: "Open a new stream" }),
    );
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  #send(member: Member<Result>, task: Task): Promise<Result> {
    const promise = new Promise<Result>((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const id = this.#nextId++;
      member.waiting.set(id, { resolve, reject });
      member.worker.postMessage({ id, task });
    });
    // A task that was queued ahead may fail before anybody awaits it.
    promise.catch(() => {});
    return promise;
  }

  #settle(member: Member<Result>, answer: { id: number } & ({ result: Result } | { failure: string })): void {
    if ("failure" in answer) {
      this.fail(died(answer.failure));
      return;
    }
    member.waiting.get(answer.id)?.resolve(answer.result);
    member.waiting.delete(answer.id);
  }
}

function died(reason: string, cause?: Error): LoaderError {
  return new LoaderError(
    {
      expected: "the worker threads that load images to keep running",
      found: `one that stopped (${reason})`,
      remedy: "If memory ran out, lower the memory budget, the number of workers or the batch size",
    },
    { cause },
  );
}

/** The worker's side: answers tasks one after the other in the order in which they come. */
export function serveTasks<Task, Result, Notice>(
  start: (notify: (notice: Notice) => void) => (task: Task) => Promise<{ result: Result; transfer?: Transferable[] }>,
): void {
  const port = parentPort;
  if (!port) throw new Error("this module runs as a worker thread only");
  const handle = start((notice) => port.postMessage({ notice }));
  let last = Promise.resolve();
  port.on("message", ({ id, task }: { id: number; task: Task }) => {
    last = last.then(async () => {
      try {
        const { result, transfer } = await handle(task);
        port.postMessage({ id, result }, transfer ?? []);
      } catch (error) {
        port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
      }
    });
  });
}
