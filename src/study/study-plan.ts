// study.json: what a study's folder says of it. The report needs only this and the jobs that it names.

import { join } from "node:path";
import { z } from "zod";
import { EvaluationError } from "../evaluations/errors.js";
import { writeJson } from "../files/atomic-write.js";
import { readTextIfThere } from "../files/storage.js";
import { RunDirectoryError, UnsuitableRunError } from "../training/errors.js";
import { parseRecipe, type StudyRecipe } from "./recipe.js";

export interface StudyPlan {
  readonly recipe: StudyRecipe;
  /** Folders of the recipe's jobs, relative to the study's. Others are of an earlier state of the recipe. */
  readonly jobs: readonly string[];
}

/** What is read lies within the study's folder, whoever wrote the plan. */
const jobFolder = z.string().regex(/^[a-z0-9-]+\/[a-z0-9][a-z0-9.+-]*$/);
const plan = z.strictObject({ recipe: z.unknown(), jobs: z.array(jobFolder) });

/** Undefined where there is none. Throws ConfigError, RunDirectoryError, StorageError. */
export function readPlan(folder: string): StudyPlan | undefined {
  const path = planPath(folder);
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new RunDirectoryError(`${path} is not valid JSON: ${(error as Error).message}. Is it damaged?`);
  }
  const parsed = plan.safeParse(values);
  if (!parsed.success) throw new UnsuitableRunError(`${path} holds no study: expected a recipe and its jobs`);
  return { recipe: parseRecipe(parsed.data.recipe, path), jobs: parsed.data.jobs };
}

/** As `readPlan`, but throws EvaluationError where there is none. */
export function openPlan(folder: string): StudyPlan {
  const found = readPlan(folder);
  if (found !== undefined) return found;
  throw new EvaluationError({
    expected: `the folder of a study, with a study.json`,
    found: `none in ${folder}`,
    remedy: "Run one first: mixedae study RECIPE.yaml --out FOLDER",
  });
}

export async function writePlan(folder: string, { recipe, jobs }: StudyPlan): Promise<void> {
  await writeJson(planPath(folder), { recipe, jobs });
}

export function planPath(folder: string): string {
  return join(folder, "study.json");
}
