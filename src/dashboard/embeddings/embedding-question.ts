// What a page may ask about an embedding, and what it is told.

import type { DuplicateImages, EmbeddingLayout, EmbeddingMap, SimilarImage } from "../api.js";
import { BackgroundAnswers } from "../background/answers.js";
import type { OpenedQuestion } from "../background/serve-opened.js";
import type { GivenImage } from "../given-images.js";

export type EmbeddingAsked =
  | { readonly about: "map" }
  | { readonly about: "layout"; readonly epoch: number }
  | { readonly about: "similar"; readonly to: number | GivenImage }
  | { readonly about: "duplicates"; readonly threshold: number }
  | { readonly about: "thumbnails"; readonly rows: readonly number[] }
  | { readonly about: "picture"; readonly row: number };

export type EmbeddingQuestion = OpenedQuestion & EmbeddingAsked;

export type EmbeddingFound = EmbeddingMap | EmbeddingLayout | readonly SimilarImage[] | DuplicateImages | Uint8Array;

/** Two workers: pictures and searches do not wait while thousands of images are arranged or compared. */
export class EmbeddingAnswers {
  readonly #quick = answers();
  readonly #slow = answers();

  /** Throws UnanswerableError, TooManyQuestionsError. */
  ask(question: EmbeddingQuestion): Promise<EmbeddingFound> {
    const isSlow = question.about === "layout" || question.about === "duplicates";
    return (isSlow ? this.#slow : this.#quick).ask(question);
  }

  async close(): Promise<void> {
    await Promise.all([this.#quick.close(), this.#slow.close()]);
  }
}

function answers(): BackgroundAnswers<EmbeddingQuestion, EmbeddingFound> {
  return new BackgroundAnswers(new URL("./embedding-worker.js", import.meta.url));
}
