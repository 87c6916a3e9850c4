// Whether a teacher still tells images apart: the metrics of a step in plain words.
import { metricText } from "../metric-values.js";
import type { Warning } from "../warning.js";

/** What the metrics that all methods with a teacher have mean. */
export const distillationMetrics = {
  cls: "cross-entropy between the crops of teacher and student",
  teacherEntropy: "entropy of what the teacher says of crops; log(prototypes) where it prefers no prototype",
  divergence: "how far the student is from the teacher",
  featureSpread: "how far the features of patches differ; 0 where all point the same way",
  clsCentreNorm: "length of the centre of the crops",
  teacherTemperature: "divides the teacher's outputs in this step",
} as const;

/** What is said of a run with a teacher, from metrics of a step or their means over some steps. */
export interface TeacherHealth {
  readonly teacherEntropy: number;
  readonly divergence: number;
  readonly prototypesInUse: number;
}

/** The named ones among the metrics of a step; undefined where one of them is missing. */
export function numbersOf<Name extends string>(
  names: readonly Name[],
  step: Readonly<Record<string, unknown>>,
): Readonly<Record<Name, number>> | undefined {
  const found = names.map((name) => [name, step[name]] as const);
  if (found.some(([, value]) => typeof value !== "number")) return undefined;
  return Object.fromEntries(found) as Record<Name, number>;
}

/** A teacher this near to log(prototypes) prefers no prototype (our choice). */
const EVEN = 0.02;
/** Fewer prototypes than this for all inputs together distinguish nothing (our choice). */
const FEWEST_PROTOTYPES = 2;

/** A line for the end of a run. */
export function teacherLine({ teacherEntropy, divergence }: TeacherHealth, prototypes: number): string {
  const even = Math.log(prototypes);
  return (
    `  teacher         entropy ${metricText(teacherEntropy)}; ${metricText(even)} where it prefers no prototype. The ` +
    `student differs from it by ${metricText(divergence)}`
  );
}

/** A warning with its likely cause for each sign of collapse; `users` are what the prototypes in use are counted of. */
export function collapseWarnings(
  { teacherEntropy, prototypesInUse }: TeacherHealth,
  prototypes: number,
  users: "crops" | "patches",
): Warning[] {
  const warnings: Warning[] = [];
  if (teacherEntropy > (1 - EVEN) * Math.log(prototypes)) {
    warnings.push({
      sign: "even teacher",
      lines: [
        "the teacher says the same of all crops, every prototype alike. Likely cause: its temperature is too high, or",
        "the run has only begun. Lower teacherTemperature, or train for longer.",
      ],
    });
  }
  if (prototypesInUse < FEWEST_PROTOTYPES) {
    warnings.push({
      sign: "one prototype",
      lines: [
        `one prototype stands for all ${users}. Likely cause: the centres follow too slowly, or the learning rate is`,
        "too high. Lower centreMomentum or the learning rate.",
      ],
    });
  }
  return warnings;
}
