// How the server reads what it is asked, and what it says where there is no answer.

import type { Context } from "hono";
import { TooManyQuestionsError } from "./background/answers.js";
import { UnanswerableError } from "./background/unanswerable-error.js";

export const NO_IMAGES = "Expected image files in a form; found something else. Reload the page.";

export function missing(context: Context, what: string): Response {
  return context.text(`Expected a ${what} that is there; found none of this name. Reload the page.\n`, 404);
}

export function refused(context: Context, message: string, status: 400 | 422 | 503): Response {
  return context.text(`${message}\n`, status);
}

/** The answer, or in words why there is none. */
export async function answered(context: Context, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof TooManyQuestionsError) return refused(context, error.message, 503);
    if (error instanceof UnanswerableError) return refused(context, error.message, 422);
    throw error;
  }
}

/** A whole number in these bounds; undefined for anything else. */
export function countIn(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
