// Whether iBOT's teacher still tells crops and patches apart: its figures in plain words.
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
  cls: "cross-entropy between the crops of teacher and student",
  patch: "cross-entropy of the hidden patches",
  teacherEntropy: "entropy of what the teacher says of crops; log(prototypes) where it prefers no prototype",
  divergence: "how far the student is from the teacher",
  featureSpread: "0 where all patch features point the same way",
  clsCentreNorm: "length of the centre of the crops",
  patchCentreNorm: "length of the centre of the patches",
  prototypesInUse: "prototypes that the patches of a batch use, as if all of them were used alike",
  teacherTemperature: "divides the teacher's outputs in this step",
} as const;

/** Figures of a step, or their means over some steps, as `createIbotTraining` reports them. */
export type IbotFigures = Readonly<Record<(typeof names)[number], number>>;

/** Those among the figures of a step; undefined where one of them is missing. */
export function ibotFigures(step: Readonly<Record<string, unknown>>): IbotFigures | undefined {
  const found = names.map((name) => [name, step[name]] as const);
  if (found.some(([, value]) => typeof value !== "number")) return undefined;
  return Object.fromEntries(found) as IbotFigures;
}

/** A teacher this near to log(prototypes) prefers no prototype (our choice). */
const EVEN = 0.02;
/** Fewer prototypes than this for all patches together distinguish nothing (our choice). */
const FEWEST_PROTOTYPES = 2;

/** Lines for the end of a run. */
export function ibotHealthLines(figures: IbotFigures, prototypes: number): string[] {
  const { teacherEntropy, divergence, clsCentreNorm, patchCentreNorm, prototypesInUse } = figures;
  const even = Math.log(prototypes);
  return [
    `  teacher         entropy ${figure(teacherEntropy)}; ${figure(even)} where it prefers no prototype. The student ` +
      `differs from it by ${figure(divergence)}`,
    `  prototypes      patches use ${figure(prototypesInUse)} of ${prototypes}; the centres have lengths ` +
      `${figure(clsCentreNorm)} (crops) and ${figure(patchCentreNorm)} (patches)`,
  ];
}

/** A warning with its likely cause for each sign of collapse. */
export function ibotWarnings({ teacherEntropy, prototypesInUse }: IbotFigures, prototypes: number): Warning[] {
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
        "one prototype stands for all patches. Likely cause: the centres follow too slowly, or the learning rate is",
        "too high. Lower centreMomentum or the learning rate.",
      ],
    });
  }
  return warnings;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
