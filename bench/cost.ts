// What a clean image costs each method: seconds, and multiply-adds counted from the programs, beside the paper's ratios.

import { resolveConfig } from "#src/config/config.js";
import type { ModelPreset } from "#src/nn/presets.js";
import { pretrainCost } from "#src/study/pretrain-cost.js";
import { createLearner } from "#src/training/learner.js";
import { median } from "./measure.js";

export interface CostReport {
  readonly method: string;
  /** Computed at once: the default for this model, which differs since an image is a dozen crops to iBOT. */
  readonly images: number;
  readonly secondsPerImage: number;
  readonly gigaMultiplyAddsPerImage: number;
  /** As many times the time and the work of MAE, of iBOT, each in the same round. */
  readonly timeToMae: number;
  readonly workToMae: number;
  readonly timeToIbot: number;
  readonly workToIbot: number;
  /** Time to MAE and to iBOT as the paper has it [MixedAE, table 1]; null where it says nothing. */
  readonly paper: string | null;
}

const methods = [
  { name: "mae", assignments: { method: "mae" }, paper: null },
  { name: "mixedae compose", assignments: { methodOptions: { mode: "compose" } }, paper: "1.03 / 0.534" },
  { name: "mixedae full", assignments: { methodOptions: { mode: "full" } }, paper: null },
  { name: "ibot", assignments: { method: "ibot" }, paper: null },
] as const;

export interface CostOptions {
  readonly model: ModelPreset;
  readonly threads: number;
  readonly rounds: number;
}

/** Forward and backward pass of a micro-batch, the methods in turn; the optimizer, once a batch, is left out. */
export async function benchCost(
  { model, threads, rounds }: CostOptions,
  report: (line: string) => void,
): Promise<CostReport[]> {
  const measured = [];
  for (const { name, assignments, paper } of methods) {
    report(`compiling ${name}`);
    const values = { source: ".", model: { preset: model }, run: { threads }, ...assignments };
    const config = resolveConfig([{ origin: "bench", values }]);
    const { microBatch: images } = config.schedule;
    const { training } = await createLearner(config, { totalSteps: 1, stepsPerEpoch: 1 });
    // The first run allocates.
    await training.rehearse();
    const seconds: number[] = [];
    const time = async () => seconds.push((await training.rehearse()) / 1000 / images);
    measured.push({ name, paper, images, seconds, time, work: pretrainCost(config).multiplyAdds });
  }
  for (let round = 0; round < rounds; round++) {
    report(`round ${round + 1} of ${rounds}`);
    for (const { time } of measured) await time();
  }
  const [mae, ibot] = [measured[0]!, measured.at(-1)!];
  return measured.map(({ name, paper, images, seconds, work }) => {
    const timeTo = (other: typeof mae) => rounded(median(seconds.map((value, round) => value / other.seconds[round]!)));
    return {
      method: name,
      images,
      secondsPerImage: rounded(median(seconds)),
      gigaMultiplyAddsPerImage: rounded(work / 1e9),
      timeToMae: timeTo(mae),
      workToMae: rounded(work / mae.work),
      timeToIbot: timeTo(ibot),
      workToIbot: rounded(work / ibot.work),
      paper,
    };
  });
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
