// One of the processes that `npm run bench -- scale` starts: training steps together, or sums of arrays of several sizes.

import { resolveConfig } from "#src/config/config.js";
import type { Batch } from "#src/data/index.js";
import { imageValues } from "#src/nn/presets.js";
import { openProcesses } from "#src/processes/index.js";
import { createLearner } from "#src/training/learner.js";
import { divideRun } from "#src/training/together.js";
import { median } from "./measure.js";

/** What a worker is asked, as JSON in its first argument. */
export type ScaleTask =
  | { readonly kind: "steps"; readonly threads: number; readonly batchSize: number; readonly rounds: number }
  | { readonly kind: "sums"; readonly sizes: readonly number[]; readonly rounds: number };

/** Seconds of the whole step; of each sum in the order of the sizes. */
export type ScaleAnswer = { readonly seconds: readonly number[] };

const task = JSON.parse(process.argv[2]!) as ScaleTask;
const communicator = await openProcesses(["npm", "run", "bench", "--", "scale"]);
const seconds = task.kind === "steps" ? [await timeSteps(task)] : await timeSums(task);
if (communicator.rank === 0) process.stdout.write(`${JSON.stringify({ seconds } satisfies ScaleAnswer)}\n`);
await communicator.close();

async function timeSteps({ threads, batchSize, rounds }: Extract<ScaleTask, { kind: "steps" }>): Promise<number> {
  const config = resolveConfig([
    {
      origin: "bench",
      values: {
        ...{ source: ".", method: "mixedae", model: { preset: "micro" }, run: { threads } },
        schedule: { batchSize, microBatch: batchSize, steps: rounds },
      },
    },
  ]);
  const own = await divideRun(config, communicator);
  const length = { totalSteps: rounds, stepsPerEpoch: rounds };
  const learner = await createLearner(own.config, length, new Map(), own.combiner);
  const { imageSize } = config.model;
  const images = own.config.schedule.batchSize;
  const views = [{ name: "images", count: 1, imageSize, pixels: new Uint8Array(images * imageValues(config.model)) }];
  const measured: number[] = [];
  for (let step = 1; step <= rounds + 2; step++) {
    const inputs = learner.inputsOf({ views, step, epoch: 0, firstImage: 0 } as unknown as Batch);
    const began = performance.now();
    await learner.training.step(inputs, { step, learningRate: 1e-4 });
    // The first ones allocate.
    if (step > 2) measured.push((performance.now() - began) / 1000);
  }
  return median(measured);
}

async function timeSums({ sizes, rounds }: Extract<ScaleTask, { kind: "sums" }>): Promise<number[]> {
  const found: number[] = [];
  for (const size of sizes) {
    const values = new Float32Array(size).fill(1e-3);
    const measured: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const began = performance.now();
      await communicator.sum(values);
      if (round > 0) measured.push((performance.now() - began) / 1000);
    }
    found.push(median(measured));
  }
  return found;
}
