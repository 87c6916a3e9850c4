// The worker thread of the explorer: the engine blocks its thread, and the dashboard's must go on answering.

import type { Exploration } from "../api.js";
import { serveOpened } from "../background/serve-opened.js";
import type { ExploreQuestion } from "./explore-question.js";
import { type Explorer, openExplorer } from "./explorer.js";

serveOpened<ExploreQuestion, Explorer, Exploration>(openExplorer, (explorer, question) => explorer.explore(question));
