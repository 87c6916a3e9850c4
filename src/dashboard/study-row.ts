// A line of the table of studies: what a study is called, and how far it is.

import { statSync } from "node:fs";
import { join } from "node:path";
import { readPackedResults } from "../study/packed-results.js";
import { readPlan, type StudyPlan } from "../study/study-plan.js";
import type { StudyRow } from "./api.js";
import type { Place } from "./find-places.js";
import { insideOf } from "./inside.js";

/** What a study's folder says of it, where its files are truly in it. Throws the errors of its readers. */
export function planOf({ path, within }: Place): StudyPlan | undefined {
  return insideOf(within, join(path, "study.json")) === undefined ? undefined : readPlan(path);
}

/** Whether a job's folder, its record and its metrics lie where they seem to. */
export function isJobInside({ path, within }: Place, job: string): boolean {
  return insideOf(within, join(path, job, "job.json")) !== undefined;
}

export function isPackInside({ path, within }: Place): boolean {
  return insideOf(within, join(path, "results.jsonl.gz")) !== undefined;
}

/** Never throws: a study that cannot be read says why. */
export function studyRow(place: Place): StudyRow {
  const common = { id: place.id, name: place.name, lastActive: lastChange(place) };
  try {
    const plan = planOf(place);
    if (plan === undefined) throw new Error("Its study.json is not in the folders that are shown.");
    const packed = isPackInside(place) ? readPackedResults(place.path) : new Map<string, unknown>();
    const finished = plan.jobs.filter((job) => packed.has(job) || isJobInside(place, job)).length;
    return { ...common, title: plan.recipe.title, finished, total: plan.jobs.length, problem: null };
  } catch (error) {
    return { ...common, title: place.name, finished: 0, total: 0, problem: (error as Error).message };
  }
}

function lastChange({ path }: Place): string | null {
  const times = ["study.json", "report.md", "results.jsonl.gz"].flatMap((name) => {
    try {
      return [statSync(join(path, name)).mtimeMs];
    } catch {
      return [];
    }
  });
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}
