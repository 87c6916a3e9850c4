// What changes over a run: the learning rate (linear warm-up, then a decay) and other values. Steps count from 1.
import { stepsBefore } from "../random/index.js";

/** How the rate falls after the warm-up: by half a cosine, in a straight line, or by a factor at shares of the run. */
export type RateDecay =
  | { readonly kind: "cosine" | "linear" }
  | { readonly kind: "steps"; readonly at: readonly number[]; readonly factor: number };

/** A linear warm-up and a decay; lengths are in steps. */
export interface LearningRateSchedule {
  /** The rate at the end of the warm-up. */
  readonly peak: number;
  /** The rate at the end of the run. */
  readonly floor: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Half a cosine where it is left out. */
  readonly decay?: RateDecay;
}

/** The rate of a step, numbered from 1, as MAE's recipe has it: the first step of a warm-up has rate 0. */
export function learningRateAt(step: number, schedule: LearningRateSchedule): number {
  const { peak, floor, warmupSteps, totalSteps, decay = { kind: "cosine" } } = schedule;
  const done = stepsBefore(step);
  if (done < warmupSteps) return (peak * done) / warmupSteps;
  if (decay.kind === "steps") {
    const passed = decay.at.filter((share) => done >= share * totalSteps).length;
    return Math.max(floor, peak * decay.factor ** passed);
  }
  const progress = (done - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  const left = decay.kind === "linear" ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
  return floor + (peak - floor) * left;
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
