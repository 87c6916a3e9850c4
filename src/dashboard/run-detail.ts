// One run for its page: what it is, what happened in it and when, and what its metrics say in words.

import { readdirSync } from "node:fs";
import { withDescriptor } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";
import { meanOf } from "../methods/metric-values.js";
import { learningLines } from "../training/learning-report.js";
import { type StepMetrics, stepOf } from "../training/metrics-file.js";
import type { RunDetail, RunMark } from "./api.js";
import type { Catalogue } from "./catalogue.js";
import { firstLines, type Line, lastLines } from "./file-ends.js";
import type { Place } from "./find-places.js";
import { pictureFile, type RunFiles, runFiles } from "./run-files.js";
import { firstBlockOf, levelsOf, meaningsOf, type RunSettings } from "./run-settings.js";

/** Lines of events are short; one longer than this is none of ours. */
const LONGEST_LINE = 1 << 24;
const END_BYTES = 1 << 16;
/** As many steps as a run's own last words look at. */
const WINDOW = 50;
const MOST_MARKS = 500;

export async function runDetail(place: Place, catalogue: Catalogue): Promise<RunDetail> {
  const files = runFiles(place);
  const settings = catalogue.settings(place);
  return {
    row: catalogue.row(place),
    folder: place.name,
    config: settings.raw,
    meanings: meaningsOf(settings),
    levels: levelsOf(settings),
    firstBlock: firstBlockOf(settings),
    marks: await marksOf(files),
    pictures: stepsNamed(files.pictures, /^step-(\d{8,})\.png$/).filter(
      (step) => pictureFile(place, step) !== undefined,
    ),
    checkpoints: stepsNamed(files.checkpoints, /^step-(\d{8,})\.safetensors$/),
    learnt: learntOf(files, settings),
  };
}

/** Steps by the names of the files in a folder, in order. */
function stepsNamed(folder: string | undefined, form: RegExp): number[] {
  if (folder === undefined) return [];
  try {
    return readdirSync(folder)
      .flatMap((name) => {
        const [, digits] = form.exec(name) ?? [];
        return digits === undefined ? [] : [Number(digits)];
      })
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

async function marksOf({ events }: RunFiles): Promise<RunMark[]> {
  if (events === undefined) return [];
  const marks: RunMark[] = [];
  try {
    await withDescriptor(events, async (descriptor) => {
      for await (const bytes of wholeLines(descriptor, LONGEST_LINE)) {
        const mark = markOf(bytes.toString("utf8"));
        if (mark !== undefined && marks.length < MOST_MARKS) marks.push(mark);
      }
    });
  } catch {
    return marks;
  }
  return marks;
}

const KINDS = /"type":"(?:warning|failed|finished|announced)"/;

function markOf(text: string): RunMark | undefined {
  // Most lines are metrics: they need not be parsed.
  if (!KINDS.test(text)) return undefined;
  let event: Line;
  try {
    event = JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
  const { step, time, type, message, outcome, doneSteps } = event;
  if (typeof step !== "number" || typeof time !== "string") return undefined;
  const mark = (kind: RunMark["type"], words: string) => ({ step, time, type: kind, message: words });
  if (type === "warning" || type === "failed") return mark(type, typeof message === "string" ? message : "");
  if (type === "announced" && typeof doneSteps === "number" && doneSteps > 0) return mark("resumed", "Resumed");
  if (type === "finished") return outcome === "finished" ? mark("finished", "Finished") : mark("stopped", "Stopped");
  return undefined;
}

/** What the command line says at the end of a run, of the steps so far. */
function learntOf({ metrics }: RunFiles, { pretrain }: RunSettings): string[] {
  if (metrics === undefined || pretrain === null) return [];
  try {
    const [first] = stepsOf(firstLines(metrics, END_BYTES, 1));
    const last = stepsOf(lastLines(metrics, END_BYTES, WINDOW));
    return first === undefined || last.length === 0 ? [] : learningLines(pretrain, first, meanOf(last));
  } catch {
    return [];
  }
}

function stepsOf(lines: readonly Line[]): StepMetrics[] {
  return lines.flatMap((line) => stepOf(line) ?? []);
}
