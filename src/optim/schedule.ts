// What changes over a run: the learning rate (linear warm-up, then half a cosine) and other values. Steps count from 1.
import { stepsBefore } from "../random/index.js";

/** A linear warm-up and a half-cosine; lengths are in steps. */
export interface LearningRateSchedule {
  /** The rate at the end of the warm-up. */
  readonly peak: number;
  /** The rate at the end of the run. */
  readonly floor: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** The rate of a step, numbered from 1, as MAE's recipe has it: the first step of a warm-up has rate 0. */
export function learningRateAt(step: number, { peak, floor, warmupSteps, totalSteps }: LearningRateSchedule): number {
  const done = stepsBefore(step);
  if (done < warmupSteps) return (peak * done) / warmupSteps;
  const progress = (done - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Half a cosine from `from` at step 1 to `to` after `totalSteps`: weight decay, and the momentum of an average. */
export function cosineAt(step: number, from: number, to: number, totalSteps: number): number {
  const progress = Math.min(1, stepsBefore(step) / Math.max(1, totalSteps));
  return to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** A straight line from `from` at step 1 to `to` after `rampSteps`, and `to` from there on. */
export function rampAt(step: number, from: number, to: number, rampSteps: number): number {
  const done = stepsBefore(step);
  return done >= rampSteps ? to : from + ((to - from) * done) / rampSteps;
}
