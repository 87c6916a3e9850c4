// The random plan of a whole batch: one row for each group of images, each a function of (seed, step, epoch, group).
import { randomStream } from "../random/index.js";
import type { ReconstructionTask } from "./reconstruction-task.js";

export interface PlanPosition {
  readonly seed: number;
  /** Keeps plans for different uses apart: training, pictures. */
  readonly stream: string;
  /** The number of the step, from 1. */
  readonly step: number;
  readonly epoch: number;
  /** The number of the first group within the epoch. */
  readonly firstGroup: number;
}

/** Rows for `groups` groups, one behind the other: [groups, planColumns]. */
export function drawPlan(task: ReconstructionTask, groups: number, position: PlanPosition): Int32Array {
  const { seed, stream, step, epoch, firstGroup } = position;
  const plan = new Int32Array(groups * task.planColumns);
  for (let group = 0; group < groups; group++) {
    const row = task.drawPlanRow(randomStream(seed, stream, epoch, firstGroup + group), step);
    plan.set(row, group * task.planColumns);
  }
  return plan;
}
