// Whether iBOT's teacher still tells crops and patches apart: its metrics in plain words.
import { collapseWarnings, distillationMetrics, numbersOf, teacherLine } from "../distillation/health.js";
import { metricText } from "../metric-values.js";
import type { Warning } from "../warning.js";

const names = [
  "teacherEntropy",
  "divergence",
  "clsCentreNorm",
  "patchCentreNorm",
  "prototypesInUse",
  "featureSpread",
] as const;

/** What the metrics of a step mean. */
export const ibotMetrics = {
  ...distillationMetrics,
  patch: "cross-entropy of the hidden patches",
  patchCentreNorm: "length of the centre of the patches",
  prototypesInUse: "prototypes that the patches of a batch use, as if all of them were used alike",
} as const;

/** Metrics of a step, or their means over some steps, as `createIbotTraining` reports them. */
export type IbotHealthMetrics = Readonly<Record<(typeof names)[number], number>>;

/** Those among the metrics of a step; undefined where one of them is missing. */
export function ibotHealthMetrics(step: Readonly<Record<string, unknown>>): IbotHealthMetrics | undefined {
  return numbersOf(names, step);
}

/** Lines for the end of a run. */
export function ibotHealthLines(metrics: IbotHealthMetrics, prototypes: number): string[] {
  const { clsCentreNorm, patchCentreNorm, prototypesInUse } = metrics;
  return [
    teacherLine(metrics, prototypes),
    `  prototypes      patches use ${metricText(prototypesInUse)} of ${prototypes}; the centres have lengths ` +
      `${metricText(clsCentreNorm)} (crops) and ${metricText(patchCentreNorm)} (patches)`,
  ];
}

/** A warning with its likely cause for each sign of collapse. */
export function ibotWarnings(metrics: IbotHealthMetrics, prototypes: number): Warning[] {
  return collapseWarnings(metrics, prototypes, "patches");
}
