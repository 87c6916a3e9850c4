// Which encoder an evaluation of a study looks at.

import { join } from "node:path";
import type { ModelRequest } from "../evaluations/model.js";
import type { EvaluationJob } from "./jobs.js";

export function encoderOf(from: EvaluationJob["from"], folder: string): ModelRequest {
  return "key" in from
    ? { from: join(folder, from.folder), memoryCheck: from.config.run.memoryCheck }
    : { from: "scratch", preset: from.scratch, modelSeed: from.seed };
}
