// A line of the table of studies: what a study is called, and how far it is.

import { statSync } from "node:fs";
import { join } from "node:path";
import { readPackedResults } from "../study/packed-results.js";
import { readPlan, type StudyPlan } from "../study/study-plan.js";
import type { StudyRow } from "./api.js";
import type { Place } from "./find-runs.js";
import { insideOf } from "./inside.js";

/** What a study's folder says of it, where its files are truly in it. Throws the errors of its readers. */
export function planOf({ folder, within }: Place): StudyPlan | undefined {
  return insideOf(within, join(folder, "study.json")) === undefined ? undefined : readPlan(folder);
}

/** Whether a job's folder, its record and its metrics lie where they seem to. */
export function isJobInside({ folder, within }: Place, job: string): boolean {
  return insideOf(within, join(folder, job, "job.json")) !== undefined;
}

export function isPackInside({ folder, within }: Place): boolean {
  return insideOf(within, join(folder, "results.jsonl.gz")) !== undefined;
}

/** Never throws: a study that cannot be read says why. */
export function studyRow(place: Place): StudyRow {
  const common = { id: place.id, name: place.name, lastActive: lastChange(place) };
  try {
    const plan = planOf(place);
    if (plan === undefined) throw new Error("Its study.json is not in the folders that are shown.");
    const packed = isPackInside(place) ? readPackedResults(place.folder) : new Map<string, unknown>();
    const finished = plan.jobs.filter((job) => packed.has(job) || isJobInside(place, job)).length;
    return { ...common, title: plan.recipe.title, finished, total: plan.jobs.length, problem: null };
  } catch (error) {
    return { ...common, title: place.name, finished: 0, total: 0, problem: (error as Error).message };
  }
}

function lastChange({ folder }: Place): string | null {
  const times = ["study.json", "report.md", "results.jsonl.gz"].flatMap((name) => {
    try {
      return [statSync(join(folder, name)).mtimeMs];
    } catch {
      return [];
    }
  });
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}
