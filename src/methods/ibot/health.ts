// Whether iBOT's teacher still tells crops and patches apart: its figures in plain words.

const names = [
  "teacherEntropy",
  "divergence",
  "clsCentreNorm",
  "patchCentreNorm",
  "prototypesInUse",
  "featureSpread",
] as const;

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
/** Below this, the patches of an image point the same way; as in the report of every method. */
const LEAST_SPREAD = 0.01;

/** Lines for the end of a run: the figures, then a warning with its likely cause for each sign of collapse. */
export function ibotHealthLines(figures: IbotFigures, prototypes: number): string[] {
  const { teacherEntropy, divergence, clsCentreNorm, patchCentreNorm, prototypesInUse, featureSpread } = figures;
  const even = Math.log(prototypes);
  const lines = [
    `  teacher         entropy ${figure(teacherEntropy)}; ${figure(even)} where it prefers no prototype. The student ` +
      `differs from it by ${figure(divergence)}`,
    `  prototypes      patches use ${figure(prototypesInUse)} of ${prototypes}; the centres have lengths ` +
      `${figure(clsCentreNorm)} (crops) and ${figure(patchCentreNorm)} (patches)`,
  ];
  if (teacherEntropy > (1 - EVEN) * even) {
    lines.push(
      "  Warning: the teacher says the same of all crops, every prototype alike. Likely cause: its temperature is too high,",
      "  or the run has only begun. Lower teacherTemperature, or train for longer.",
    );
  }
  if (prototypesInUse < FEWEST_PROTOTYPES) {
    lines.push(
      "  Warning: one prototype stands for all patches. Likely cause: the centres follow too slowly, or the learning rate is",
      "  too high. Lower centreMomentum or the learning rate.",
    );
  }
  if (featureSpread < LEAST_SPREAD) {
    lines.push("  Warning: the features of all patches of an image point the same way. They distinguish nothing.");
  }
  return lines;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
