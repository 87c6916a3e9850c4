// What a page may ask about a run that it explores.

import type { Exploration } from "../api.js";
import { BackgroundAnswers } from "../background/answers.js";
import type { OpenedQuestion } from "../background/serve-opened.js";
import type { ExploreOptions } from "./explorer.js";

export interface ExploreQuestion extends OpenedQuestion, ExploreOptions {}

export type ExploreAnswers = BackgroundAnswers<ExploreQuestion, Exploration>;

export function exploreAnswers(): ExploreAnswers {
  return new BackgroundAnswers(new URL("./explore-worker.js", import.meta.url));
}
