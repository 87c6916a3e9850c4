// How well a pre-trained model reconstructs images that it has not seen: its own pretext task, on held-out images.

import { openSource } from "../data/index.js";
import { defineProgram } from "../graph/index.js";
import { randomStream } from "../random/index.js";
import { compile } from "../runtime/index.js";
import { drawPlan } from "../training/batch-plan.js";
import { modelOf } from "../training/model.js";
import { openReconstructingRun } from "../training/reconstructing-run.js";
import { EvaluationError } from "./errors.js";
import type { ImageProgress } from "./image-progress.js";
import { openModelImages } from "./model-images.js";

export interface ReconstructionRequest {
  /** Folder of a run whose method reconstructs. */
  readonly run: string;
  readonly test: string | readonly string[];
  /** At most, drawn from the seed; the last that fill no batch are left out. */
  readonly images: number;
  /** Which images come together, and what is hidden of each; 0 by default. */
  readonly seed?: number;
  readonly threads: number;
}

export interface ReconstructionReport {
  readonly task: "reconstruction";
  readonly from: string;
  readonly method: string;
  readonly test: { readonly source: string | readonly string[]; readonly images: number };
  readonly seed: number;
  /** As during pre-training: the mean squared error over hidden patches, of normalised pixels where `normPixels`. */
  readonly detail: { readonly reconstruction: number };
}

const BATCH = 64;

/** Throws EvaluationError where there are too few images, RunDirectoryError, SourceError. */
export async function evaluateReconstruction(
  { run, test, images, seed = 0, threads }: ReconstructionRequest,
  progress: ImageProgress,
): Promise<ReconstructionReport> {
  const { config, method, weights } = await openReconstructingRun(run);
  const source = await openSource(test, { split: "test" });
  const indices = randomStream(seed, "held-out images", 0, 0).permutation(source.count).subarray(0, images);
  const groups = Math.max(1, Math.floor(Math.min(BATCH, indices.length) / method.groupSize));
  const batch = groups * method.groupSize;
  const { metrics } = modelOf(config, method, batch);
  const program = defineProgram("held-out reconstruction", { reconstruction: metrics.reconstruction! });
  const executable = await compile(program, { device: "cpu", threads });

  const reader = await openModelImages(source, { shape: config.model, background: config.data.background }, { batch });
  const inputs = Object.fromEntries(Object.entries(weights).filter(([name]) => program.inputs.has(name)));
  const imageBytes = config.model.imageSize ** 2 * 3;
  let waiting = Buffer.alloc(0);
  let [sum, batches] = [0, 0];
  try {
    progress.begin("held-out images", indices.length);
    for await (const { pixels, skipped } of reader.pass({ indices })) {
      for (const { name, reason } of skipped) progress.print(`Skipped ${name}: ${reason}`);
      waiting = Buffer.concat([waiting, pixels]);
      if (waiting.length < batch * imageBytes) continue;
      const position = { seed, stream: "held-out plan", epoch: 0, firstGroup: batches * groups };
      const { reconstruction } = await executable.run({
        ...inputs,
        images: new Uint8Array(waiting.subarray(0, batch * imageBytes)),
        [method.planName]: drawPlan(method, groups, position),
      });
      waiting = waiting.subarray(batch * imageBytes);
      sum += (reconstruction as Float32Array)[0]!;
      batches += 1;
      progress.update(batches * batch);
    }
  } finally {
    progress.end();
    await reader.close();
  }
  if (batches === 0) {
    throw new EvaluationError({
      expected: `at least ${batch} held-out images`,
      found: `fewer that could be read in ${source.description}`,
      remedy: "Give a larger set",
    });
  }
  return {
    task: "reconstruction",
    from: run,
    method: config.method,
    test: { source: test, images: batches * batch },
    seed,
    detail: { reconstruction: sum / batches },
  };
}
