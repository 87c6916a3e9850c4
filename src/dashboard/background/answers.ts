// One worker thread that answers the page's longer questions: started when it is needed, and with few waiting.

// Before a worker starts: it cannot switch the telemetry of the engine off itself.
import "../../engine/onnxruntime/telemetry-off.js";
import { WorkerPool } from "../../data/worker-pool.js";
import { UnanswerableError } from "./unanswerable-error.js";

export type Answer<Found> = { readonly found: Found } | { readonly problem: string };

/** Questions that wait for an answer; a page asks one at a time. */
const MOST_WAITING = 8;

/** What a question gets while too many wait. */
export class TooManyQuestionsError extends Error {
  override readonly name = "TooManyQuestionsError";
}

export class BackgroundAnswers<Question, Found> {
  readonly #script: URL;
  #pool: WorkerPool<Question, Answer<Found>, never> | undefined;
  #waiting = 0;

  /** `script` serves with `serveOpened`. */
  constructor(script: URL) {
    this.#script = script;
  }

  /** Throws UnanswerableError, TooManyQuestionsError. */
  async ask(question: Question): Promise<Found> {
    if (this.#waiting >= MOST_WAITING) {
      throw new TooManyQuestionsError(
        `Expected at most ${MOST_WAITING} questions at a time; found more. Wait until some are answered.`,
      );
    }
    this.#waiting++;
    try {
      const answer = await this.#worker().run(question);
      if ("problem" in answer) throw new UnanswerableError(answer.problem);
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
  #worker(): WorkerPool<Question, Answer<Found>, never> {
    if (this.#pool === undefined) {
      const pool = new WorkerPool<Question, Answer<Found>, never>(
        this.#script,
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
