// The worker's side of background answers: what is asked about stays open, so that the next question is answered sooner.

import { serveTasks } from "../../data/worker-pool.js";
import type { Answer } from "./answers.js";
import { UnanswerableError } from "./unanswerable-error.js";

/** What is held open: weights, programs and vectors take memory. */
const MOST_OPEN = 2;

/** A question about something that has to be opened. */
export interface OpenedQuestion {
  readonly path: string;
  /** Another one once what is at the path has changed. */
  readonly stamp: string;
}

interface Open<Opened> {
  readonly stamp: string;
  readonly opened: Promise<Opened>;
}

/** Errors become words for the page; after all but UnanswerableError, what was asked about is opened anew. */
export function serveOpened<Question extends OpenedQuestion, Opened, Found>(
  open: (path: string) => Promise<Opened>,
  answer: (opened: Opened, question: Question) => Promise<Found>,
  close: (opened: Opened) => void = () => {},
): void {
  const held = new Map<string, Open<Opened>>();

  function letGo(path: string | undefined): void {
    const known = path === undefined ? undefined : held.get(path);
    if (path === undefined || known === undefined) return;
    held.delete(path);
    known.opened.then(close, () => {});
  }

  /** Opened again once its stamp is another; what was asked about longest ago is let go. */
  function openOnce({ path, stamp }: Question): Promise<Opened> {
    const known = held.get(path);
    if (known !== undefined && known.stamp !== stamp) letGo(path);
    const current = held.get(path) ?? { stamp, opened: open(path) };
    held.delete(path);
    held.set(path, current);
    if (held.size > MOST_OPEN) letGo(held.keys().next().value);
    return current.opened;
  }

  serveTasks<Question, Answer<Found>, never>(() => async (question) => {
    try {
      return { result: { found: await answer(await openOnce(question), question) } };
    } catch (error) {
      if (!(error instanceof UnanswerableError)) letGo(question.path);
      return { result: { problem: error instanceof Error ? error.message : String(error) } };
    }
  });
}
