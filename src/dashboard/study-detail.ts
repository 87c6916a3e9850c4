// A study as numbers for a page: every score, means and deviations, and differences to the baseline paired by seed.

import { join } from "node:path";
import type { JobRecord } from "../study/job-record.js";
import type { PackedJob } from "../study/packed-results.js";
import type { StudyRecipe } from "../study/recipe.js";
import { readFinishedJobs, resultsOf } from "../study/results.js";
import { differenceOf, type EvaluationScores, scoresOf, shownScores } from "../study/scores.js";
import { estimate } from "../study/statistics.js";
import type { StudyPlan } from "../study/study-plan.js";
import type { StudyCell, StudyDetail, StudyEvaluation, StudyRow } from "./api.js";
import type { Place } from "./find-places.js";
import { insideOf } from "./inside.js";
import { isJobInside, isPackInside } from "./study-row.js";

/** The run behind a record: that of the job itself, of a frozen encoder that of its pre-training. */
type RunOf = (record: Pick<JobRecord, "variant" | "seed"> & Partial<Pick<JobRecord, "key">>) => string | null;

/** `runIds` are those of runs by their folders. Throws the errors of the study's readers. */
export async function studyDetail(
  place: Place,
  row: StudyRow,
  { recipe, jobs }: StudyPlan,
  runIds: ReadonlyMap<string, string>,
): Promise<StudyDetail> {
  const finished = await readFinishedJobs(place.path, readableJobs(place, jobs));
  const { pretrainings, evaluations } = resultsOf(finished);
  const runOf = runsOf(place, recipe, finished, runIds);
  const baseline = recipe.baseline ?? recipe.variants[0]!.name;
  const order = recipe.variants.map(({ name }) => name);
  return {
    row,
    folder: place.name,
    about: recipe.about,
    baseline,
    evaluations: recipe.evaluations
      .flatMap((evaluation) => scoresOf(recipe, evaluation, evaluations))
      .filter((scores) => scores.finished > 0)
      .map((scores) => evaluationOf(scores, baseline, runOf)),
    pretrainings: pretrainings
      .map(({ variant, seed, method, images, seconds }) => ({
        ...{ variant, seed, method, images, seconds },
        run: runOf({ variant, seed }),
      }))
      .sort((a, b) => order.indexOf(a.variant) - order.indexOf(b.variant) || a.seed - b.seed),
  };
}

/** Links out of the folders are no jobs; those of a pack have no folders of their own. */
function readableJobs(place: Place, jobs: readonly string[]): string[] {
  const { path, within } = place;
  const isSafe = (job: string, name: string) => insideOf(within, join(path, job, name)) !== undefined;
  const isPacked = isPackInside(place);
  return jobs.filter((job) =>
    isJobInside(place, job) ? !job.startsWith("pretrain/") || isSafe(job, "metrics.jsonl") : isPacked,
  );
}

function runsOf(
  place: Place,
  { variants, seeds }: StudyRecipe,
  finished: readonly PackedJob[],
  runIds: ReadonlyMap<string, string>,
): RunOf {
  const own = new Map<string, string>();
  const pretrainings = new Map<string, string>();
  for (const { folder, record } of finished) {
    const id = runIds.get(join(place.path, folder));
    if (id === undefined) continue;
    own.set(record.key, id);
    if (record.kind === "pretrain") pretrainings.set(`${record.seed} ${record.variant}`, id);
  }
  return ({ key = "", variant, seed }) => {
    const { pretrainSeeds = seeds.length } = variants.find(({ name }) => name === variant) ?? {};
    // Seeds without an encoder of their own take the first one's.
    const encoderSeed = seeds.indexOf(seed) < pretrainSeeds ? seed : seeds[0]!;
    return own.get(key) ?? pretrainings.get(`${encoderSeed} ${variant}`) ?? null;
  };
}

function evaluationOf(scores: EvaluationScores, baseline: string, runOf: RunOf): StudyEvaluation {
  const { evaluation, measure, variants, fractions, at } = scores;
  const { name, unit, digits, scale } = measure;
  const [any] = variants.flatMap((variant) => fractions.flatMap((fraction) => at(variant, fraction)));
  const cell = (variant: string, fraction: number): StudyCell => {
    const records = at(variant, fraction);
    const values = shownScores(records);
    const difference = variant === baseline ? undefined : differenceOf(scores, variant, baseline, fraction);
    return {
      fraction,
      dots: records.map((record, index) => ({ seed: record.seed, value: values[index]!, run: runOf(record) })),
      estimate: values.length === 0 ? null : estimate(values),
      difference: difference ?? null,
    };
  };
  return {
    name: scores.name,
    task: evaluation.task,
    measure: name,
    unit: unit.replace(/^, /, ""),
    digits,
    testImages: any!.testImages,
    chance: any!.chance === undefined ? null : scale * any!.chance,
    fractions,
    variants: variants.map((variant) => ({
      name: variant,
      cells: fractions.map((fraction) => cell(variant, fraction)),
    })),
  };
}
