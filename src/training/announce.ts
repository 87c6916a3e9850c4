// What is printed before the first step: what the run will do, and where asked for, every value that it will use.

import { groupSize, type PretrainConfig } from "../config/config.js";
import { describeSize } from "../data/image-size.js";
import { methodOf } from "../methods/registry.js";
import { channelsOf, patchCount } from "../nn/presets.js";
import { printable } from "../terminal/printable.js";
import { formatBytes, formatCount, formatDuration, formatRate } from "../terminal/quantities.js";
import type { DerivedSchedule } from "./derived.js";

export interface Announcement {
  readonly folder: string;
  readonly config: PretrainConfig;
  readonly derived: DerivedSchedule;
  /** How many images there are and how they are held. */
  readonly imagesHeld: string;
  /** Trained values, by part, such as encoder and decoder. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Engine threads in use. */
  readonly threads: number;
  /** What processes there are; null where there is one. */
  readonly processes: string | null;
  /** Estimates; null where there is none yet. */
  readonly memoryBytes: number | null;
  readonly seconds: number | null;
  /** Steps done before, in a resumed run. */
  readonly doneSteps: number;
}

/** What is printed before the first step, in lines. */
export interface AnnouncementLines {
  /** What the run will do, in words: a screenful at most. */
  readonly lines: readonly string[];
  /** The whole configuration. */
  readonly configuration: readonly string[];
}

/** The lines of a pre-training. */
export function formatAnnouncement(values: Announcement): AnnouncementLines {
  const { config, folder } = values;
  const facts = runFacts(values);
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const start = values.doneSteps > 0 ? `continuing after step ${formatCount(values.doneSteps)}` : "a new run";
  return {
    lines: [
      `Pre-training with ${config.method}, ${start} in ${folder}`,
      ...facts.map(([name, text]) => `  ${name.padEnd(width)}${text}`),
    ].map(printable),
    configuration: configLines(config).map(printable),
  };
}

function runFacts(values: Announcement): (readonly [string, string])[] {
  const { config, derived, parameters } = values;
  const { model, schedule, run } = config;
  const total = Object.values(parameters).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(parameters).map(([name, count]) => `${name} ${formatCount(count)}`);
  const group = groupSize(config);
  const patches = patchCount(model);
  const warmup =
    derived.warmupSteps > 0 ? `after ${plural(derived.warmupSteps, "step")} of warm-up` : "from the first step on";
  return [
    ["source", `${sourceText(config.source)}: ${values.imagesHeld}`],
    [
      "model",
      `${model.preset}: ${model.width} wide, ${plural(model.depth, "block")}, ${plural(model.heads, "head")}; ` +
        `${describeSize(model.imageSize)}${channelText(channelsOf(model))} in ${patches} patches`,
    ],
    ...(config.weights === null ? [] : ([["weights", weightsText(config.weights)]] as const)),
    ["parameters", `${formatCount(total)}${parts.length > 1 ? ` (${parts.join(", ")})` : ""}`],
    [
      "batch",
      `${plural(schedule.batchSize, "clean image")}${group > 1 ? `, mixed in groups of ${group}` : ""}; ` +
        `${derived.accumulation === 1 ? "computed at once" : `${derived.accumulation} micro-batches of ${schedule.microBatch}`}`,
    ],
    ...(methodOf(config).facts?.(config) ?? []),
    [
      "learning rate",
      `${Number(derived.learningRate.toPrecision(6))} ${warmup}, then half-cosine to ${schedule.minLearningRate}`,
    ],
    [
      "length",
      `${plural(derived.totalSteps, "step")}, ${formatRate(derived.epochs)} epochs of ${formatRate(derived.stepsPerEpoch)} steps`,
    ],
    ...(values.processes === null ? [] : ([["processes", values.processes]] as const)),
    ["device", `${run.device}, ${plural(values.threads, "thread")}`],
    ["memory", values.memoryBytes === null ? "not known yet" : `about ${formatBytes(values.memoryBytes)}`],
    ["time", values.seconds === null ? "not known before the first steps" : `about ${formatDuration(values.seconds)}`],
  ];
}

/** One line a section, each value as `--set` takes it. */
function configLines(config: PretrainConfig): string[] {
  const top: string[] = [];
  const sections: string[] = [];
  for (const [name, value] of Object.entries(config)) {
    const isSection = typeof value === "object" && value !== null && !Array.isArray(value) && name !== "weights";
    if (!isSection) top.push(`${name}=${JSON.stringify(value)}`);
    else sections.push(`${name}: ${assignments(value).join(" ")}`);
  }
  return [top.join(" "), ...sections];
}

function assignments(section: object): string[] {
  return Object.entries(section).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
}

function sourceText(source: PretrainConfig["source"]): string {
  if (typeof source === "string") return source;
  const [first = "", ...others] = source;
  return others.length === 0 ? first : `${first} and ${formatCount(others.length)} more`;
}

function weightsText(weights: NonNullable<PretrainConfig["weights"]>): string {
  return typeof weights === "string" ? weights : `those of ${weights.path}, ${weights.fingerprint}`;
}

function channelText(channels: number): string {
  if (channels === 3) return "";
  return channels === 1 ? " in grey (colours are converted)" : ` of ${channels} channels`;
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
