// What the metrics of a run warn of, while it goes on and at its end.

import type { PretrainConfig } from "../config/config.js";
import { type MetricValues, meanOf } from "../methods/metric-values.js";
import { methodOf } from "../methods/registry.js";
import type { Warning } from "../methods/warning.js";
import type { StepMetrics } from "./metrics-file.js";

/** Below this, the patches of an image point the same way (our choice). */
const LEAST_SPREAD = 0.01;

/** Signs that a run learns nothing, in metrics that are means over some steps. */
export function warningsOf(config: PretrainConfig, metrics: MetricValues): Warning[] {
  const { featureSpread } = metrics;
  const warnings = [...(methodOf(config).warnings?.(config, metrics) ?? [])];
  if (typeof featureSpread === "number" && featureSpread < LEAST_SPREAD) {
    warnings.push({
      sign: "no spread",
      lines: ["the features of all patches of an image point the same way. They distinguish nothing."],
    });
  }
  return warnings;
}

/** "Warning: ..." in lines for people. */
export function warningLines({ lines: [first, ...others] }: Warning): string[] {
  return [`Warning: ${first}`, ...others];
}

/** Steps that are looked at together: single batches differ. */
const WINDOW = 100;
/** Up to this share of its steps, a run has only begun (our choice). */
const BEGINNING = 0.1;

/** Warns while a run goes on: of each sign when it appears, and again only after it was gone. */
export class HealthWatch {
  readonly #config: PretrainConfig;
  readonly #firstStep: number;
  #steps: StepMetrics[] = [];
  #signs = new Set<string>();

  constructor(config: PretrainConfig, totalSteps: number) {
    this.#config = config;
    this.#firstStep = BEGINNING * totalSteps;
  }

  /** To be called with each step; returns what is to be said now. */
  see(step: StepMetrics): Warning[] {
    this.#steps.push(step);
    if (this.#steps.length < WINDOW) return [];
    const isBeginning = step.step - WINDOW < this.#firstStep;
    const warnings = isBeginning ? [] : warningsOf(this.#config, meanOf(this.#steps));
    const fresh = warnings.filter(({ sign }) => !this.#signs.has(sign));
    this.#signs = new Set(warnings.map(({ sign }) => sign));
    this.#steps = [];
    return fresh;
  }
}
