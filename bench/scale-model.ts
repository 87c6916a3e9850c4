// What several machines would gain, from what was measured on one: a model, with what it assumes.

import { resolveConfig } from "#src/config/config.js";
import { sizeOf } from "#src/graph/index.js";
import { methodOf } from "#src/methods/registry.js";
import { messageLength } from "#src/processes/mpi/communicator.js";
import { pretrainCost } from "#src/study/pretrain-cost.js";

/** Costs of a sum over processes, fitted to what was measured. */
export interface SumCost {
  /** Seconds that a sum takes however small it is. */
  readonly latency: number;
  /** Seconds a value, in memory, without a network. */
  readonly perValue: number;
}

export interface ExpectedEfficiency {
  readonly model: string;
  readonly gigabitsPerSecond: number;
  /** Share of the time that is spent computing, by number of processes. */
  readonly efficiency: Readonly<Record<string, number>>;
}

export const scaleAssumptions = (gflops: number, images: number): readonly string[] => [
  `each process is a machine of its own that computes ${gflops.toFixed(0)} GFLOP/s (--gflops; this machine's own by default)`,
  `and ${images} images of MixedAE a step (--batch), so that the batch grows with the processes`,
  "gradients are summed as float32 in a ring once a step, while nothing is computed: of N values, 2 (P - 1) / P N cross each link",
  "each of a message's 2 (P - 1) rounds takes the latency that was measured here, and a hundredth of a millisecond more",
  "optimizer and data are as fast as on one machine; no process is slower than the others",
];

const NETWORK_LATENCY = 1e-5;

/** `gflops` of a process; each process computes `images` a step. */
export function expectEfficiency(cost: SumCost, gflops: number, images: number): ExpectedEfficiency[] {
  return ["base", "large", "huge"].flatMap((preset) => {
    const config = resolveConfig([{ origin: "bench", values: { source: ".", model: { preset } } }]);
    const computing = (2 * pretrainCost(config).multiplyAdds * images) / (1e9 * gflops);
    const { parameters } = methodOf(config).pretext(config, config.schedule.microBatch);
    const values = parameters.reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0);
    return [10, 25, 100].map((gigabitsPerSecond) => {
      const perValue = 32 / (1e9 * gigabitsPerSecond) + cost.perValue;
      const summing = (processes: number) =>
        ((2 * (processes - 1)) / processes) * values * perValue +
        Math.ceil(values / messageLength(processes)) * 2 * (processes - 1) * (cost.latency + NETWORK_LATENCY);
      const efficiency = Object.fromEntries(
        [8, 32, 128, 1024].map((processes) => [
          String(processes),
          Number((computing / (computing + summing(processes))).toFixed(3)),
        ]),
      );
      return { model: preset, gigabitsPerSecond, efficiency };
    });
  });
}

/** The least squares of latency + values * perValue, relative to each measurement. */
export function fitSumCost(sizes: readonly number[], seconds: readonly number[]): SumCost {
  let [ones, cross, squares, byOne, byValue] = [0, 0, 0, 0, 0];
  for (const [index, size] of sizes.entries()) {
    const weight = 1 / seconds[index]! ** 2;
    ones += weight;
    cross += weight * size;
    squares += weight * size * size;
    byOne += weight * seconds[index]!;
    byValue += weight * size * seconds[index]!;
  }
  const determinant = ones * squares - cross * cross;
  return {
    latency: Math.max(0, (squares * byOne - cross * byValue) / determinant),
    perValue: Math.max(0, (ones * byValue - cross * byOne) / determinant),
  };
}
