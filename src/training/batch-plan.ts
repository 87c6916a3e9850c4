// The random plan of a whole batch: one row for each group of images, each a function of (seed, epoch, group).
import type { Method } from "../methods/method.js";
import { randomStream } from "../random/index.js";

export interface PlanPosition {
  readonly seed: number;
  /** Keeps plans for different uses apart: training, pictures. */
  readonly stream: string;
  readonly epoch: number;
  /** The number of the first group within the epoch. */
  readonly firstGroup: number;
}

/** Rows for `groups` groups, one behind the other: [groups, planColumns]. */
export function drawPlan(method: Method, groups: number, position: PlanPosition): Int32Array {
  const { seed, stream, epoch, firstGroup } = position;
  const plan = new Int32Array(groups * method.planColumns);
  for (let group = 0; group < groups; group++) {
    const row = method.drawPlanRow(randomStream(seed, stream, epoch, firstGroup + group));
    plan.set(row, group * method.planColumns);
  }
  return plan;
}
