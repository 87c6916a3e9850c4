// How a run does, in a few words: what ended it, what its metrics warn of, or where its loss is going.

import type { PretrainConfig } from "../config/config.js";
import type { MetricValues } from "../methods/metric-values.js";
import { formatDuration, formatRate } from "../terminal/quantities.js";
import { warningsOf } from "../training/health.js";
import type { StepMetrics } from "../training/metrics-file.js";
import type { Health, RunState } from "./api.js";

export interface RunSigns {
  readonly state: RunState;
  readonly doing: string | null;
  readonly pretrain: PretrainConfig | null;
  readonly step: number;
  readonly totalSteps: number | null;
  readonly first: StepMetrics | undefined;
  /** Its last steps, in order. */
  readonly last: readonly StepMetrics[];
  /** Over these. */
  readonly means: MetricValues;
  /** Why it failed. */
  readonly failure: string | null;
  /** Since anything was written. */
  readonly silentSeconds: number;
}

/** Up to this share of its steps a run has only begun: as the warnings of a training have it. */
const BEGINNING = 0.1;
/** A step that takes this many times as long as usual, and this many seconds, is said to be missing. */
const SLOW = { times: 20, seconds: 120 };
/** A change of the mean is seen where it is this many times its standard error. */
const CLEAR = 3;

export function healthOf(signs: RunSigns): Health {
  const { state, doing, step, failure, last } = signs;
  if (state === "failed") return { level: "bad", words: "Failed", more: failure ?? "" };
  if (state === "interrupted") {
    const more = "Its process ended without saying so: killed, or the machine went down. mixedae resume continues it.";
    return { level: "warning", words: step === 0 ? "Ended before its first step" : "Ended without notice", more };
  }
  const missing = missingStep(signs);
  if (missing !== undefined) return missing;
  if (last.length === 0) return { level: "neutral", words: doing ?? "No step yet", more: "" };
  return warningOf(signs) ?? trendOf(signs);
}

function missingStep({ state, means, silentSeconds }: RunSigns): Health | undefined {
  const usual = means.stepSeconds;
  if (state !== "running" || typeof usual !== "number") return undefined;
  if (silentSeconds < SLOW.seconds || silentSeconds < SLOW.times * usual) return undefined;
  const more = `A step took ${formatDuration(usual)} before. It may evaluate or write, or its machine may be asleep.`;
  return { level: "warning", words: `No step for ${formatDuration(silentSeconds)}`, more };
}

function warningOf({ pretrain, means, step, totalSteps }: RunSigns): Health | undefined {
  if (pretrain === null || (totalSteps !== null && step < BEGINNING * totalSteps)) return undefined;
  const warnings = warningsOf(pretrain, means);
  if (warnings.length === 0) return undefined;
  return {
    level: "warning",
    words: sentence(warnings.map(({ sign }) => sign).join(", ")),
    more: warnings.map(({ lines }) => sentence(lines.map((line) => line.trim()).join(" "))).join(" "),
  };
}

function trendOf({ state, first, last, step }: RunSigns): Health {
  const losses = last.flatMap(({ loss }) => (typeof loss === "number" ? [loss] : []));
  const now = mean(losses);
  if (typeof first?.loss === "number" && state !== "running") {
    const change = `${formatRate(first.loss)} to ${formatRate(now)}`;
    if (now < 0.98 * first.loss) return { level: "good", words: `Loss fell, ${change}`, more: "" };
    return { level: "warning", words: `Loss did not fall, ${change}`, more: "" };
  }
  if (losses.length < 20) return { level: "neutral", words: "Has only begun", more: "" };
  const half = Math.floor(losses.length / 2);
  const [before, after] = [losses.slice(0, half), losses.slice(half)];
  const change = mean(after) - mean(before);
  const error = Math.sqrt(variance(before) / before.length + variance(after) / after.length);
  const steps = `Over its last ${losses.length} steps, as far as the noise of single steps lets it be seen.`;
  if (change < -CLEAR * error) return { level: "good", words: "Loss is falling", more: steps };
  if (change > CLEAR * error) return { level: "warning", words: "Loss is rising", more: steps };
  if (typeof first?.loss === "number" && step > 1 && now < 0.98 * first.loss) {
    return { level: "good", words: `Loss is ${formatRate(now)}, from ${formatRate(first.loss)}`, more: steps };
  }
  return { level: "neutral", words: "Loss is level", more: steps };
}

function sentence(text: string): string {
  return text === "" ? text : text[0]!.toUpperCase() + text.slice(1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}
