// The learning rate over a run: linear warm-up, then half a cosine.

export interface LearningRateSchedule {
  /** The rate at the end of the warm-up. */
  readonly peak: number;
  /** The rate at the end of the run. */
  readonly floor: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** The rate of a step counted from 0, as MAE's recipe has it: the first step of a warm-up has rate 0. */
export function learningRateAt(step: number, { peak, floor, warmupSteps, totalSteps }: LearningRateSchedule): number {
  if (step < warmupSteps) return (peak * step) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
