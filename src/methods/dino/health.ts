// Whether DINO's teacher still tells crops apart: its metrics in plain words.
import { collapseWarnings, distillationMetrics, numbersOf, teacherLine } from "../distillation/health.js";
import { metricText } from "../metric-values.js";
import type { Warning } from "../warning.js";

const names = ["teacherEntropy", "divergence", "clsCentreNorm", "prototypesInUse"] as const;

/** What the metrics of a step mean. */
export const dinoMetrics = {
  ...distillationMetrics,
  prototypesInUse: "prototypes that the crops of a batch use, as if all of them were used alike",
} as const;

/** Metrics of a step, or their means over some steps. */
export type DinoHealth = Readonly<Record<(typeof names)[number], number>>;

/** Those among the metrics of a step; undefined where one of them is missing. */
export function dinoHealth(step: Readonly<Record<string, unknown>>): DinoHealth | undefined {
  return numbersOf(names, step);
}

/** Lines for the end of a run. */
export function dinoHealthLines(health: DinoHealth, prototypes: number): string[] {
  const { clsCentreNorm, prototypesInUse } = health;
  return [
    teacherLine(health, prototypes),
    `  prototypes      crops use ${metricText(prototypesInUse)} of ${prototypes}; the centre has length ` +
      metricText(clsCentreNorm),
  ];
}

/** A warning with its likely cause for each sign of collapse. */
export function dinoWarnings(health: DinoHealth, prototypes: number): Warning[] {
  return collapseWarnings(health, prototypes, "crops");
}
