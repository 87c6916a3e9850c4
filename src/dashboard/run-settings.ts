// What the dashboard needs to know of a run's configuration, also of a task or a version that it does not know.

import { type PretrainConfig, parseConfig, taskOf } from "../config/config.js";
import { isMapping } from "../config/layers.js";
import { evaluations } from "../evaluations/registry.js";
import { methodNames, methodOf } from "../methods/registry.js";
import { loopMetrics } from "../training/loop-metrics.js";
import { readConfigFile } from "../training/run-config.js";
import type { MetricLevel } from "./api.js";

export interface RunSettings {
  readonly task: string;
  /** A pre-training's method, else what the run does. */
  readonly method: string;
  readonly model: string;
  readonly batchSize: number | null;
  readonly steps: number | null;
  /** As config.json has it; null where that cannot be read. */
  readonly raw: unknown;
  /** Where it is a pre-training that this version understands. */
  readonly pretrain: PretrainConfig | null;
}

const taskNames: Readonly<Record<string, string>> = {
  finetune: "fine-tuning",
  segment: "segmentation",
  detect: "detection",
};

const unknown: RunSettings = {
  task: "unknown",
  method: "unknown",
  model: "",
  batchSize: null,
  steps: null,
  raw: null,
  pretrain: null,
};

/** Never throws: what cannot be read, or may not be, is shown as unknown. */
export function readSettings(folder: string | undefined): RunSettings {
  if (folder === undefined) return unknown;
  let raw: unknown;
  try {
    raw = readConfigFile(folder);
  } catch {
    return unknown;
  }
  const task = taskOf(raw);
  const values = isMapping(raw) ? raw : {};
  const schedule = isMapping(values.schedule) ? values.schedule : {};
  const method = typeof values.method === "string" ? values.method : task;
  return {
    task,
    method: task === "pretrain" ? method : (taskNames[task] ?? task),
    model: modelText(values.model),
    batchSize: countOf(schedule.batchSize),
    steps: countOf(schedule.steps),
    raw,
    pretrain: task === "pretrain" ? understood(raw, folder) : null,
  };
}

function understood(raw: unknown, folder: string): PretrainConfig | null {
  try {
    return parseConfig(raw, folder);
  } catch {
    return null;
  }
}

/** "micro, 64 px in patches of 8". */
function modelText(model: unknown): string {
  if (!isMapping(model)) return "";
  const shape = isMapping(model.shape) ? model.shape : isMapping(model.encoder) ? model.encoder : model;
  const { width, depth, imageSize, patchSize } = shape;
  const preset = typeof model.preset === "string" ? model.preset : `${String(depth)} × ${String(width)}`;
  const sides = [imageSize].flat();
  const isSize = sides.every((side) => typeof side === "number");
  return isSize ? `${preset}, ${sides.join(" × ")} px / ${String(patchSize)}` : preset;
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** What each metric means: in the words of the method or the evaluation, over those of every training. */
export function meaningsOf({ task, method }: RunSettings): Readonly<Record<string, string>> {
  const [known] = methodNames.filter((name) => task === "pretrain" && name === method);
  const trained = evaluations.find((each) => each.trains && each.task === task);
  return {
    ...loopMetrics,
    ...(known && methodOf({ method: known }).metrics),
    ...(trained?.trains && trained.metrics),
  };
}

/** The block of the encoder that the first value of a metric by block is of, counted from 0. */
export function firstBlockOf({ pretrain }: RunSettings): number {
  return pretrain === null ? 0 : (methodOf(pretrain).firstBlock?.(pretrain) ?? 0);
}

/** What its metrics are to be compared with; none for a configuration that is not understood. */
export function levelsOf({ pretrain }: RunSettings): readonly MetricLevel[] {
  if (pretrain === null) return [];
  return methodOf(pretrain).levels?.(pretrain) ?? [];
}
