// One program for a group of images: their reconstructions, and what each block and head attends to in their mixture.

import type { PretrainConfig } from "../../config/schema.js";
import { parseConfig } from "../../config/settle.js";
import { constant, defineProgram, type Program, type Tensor } from "../../graph/index.js";
import { pretextOfPixels } from "../../methods/pretext-program.js";
import type { ReconstructionTask } from "../../methods/reconstruction-task.js";
import { patchCount } from "../../nn/presets.js";
import { reconstructionOf } from "../../training/model.js";

export interface ExploreProgram {
  readonly program: Program;
  readonly task: ReconstructionTask;
  /** Whether TopK says in a block which keys are kept. */
  readonly keepsTop: readonly boolean[];
}

/** The same run without the vectors that tell the images of a mixture apart, so that only what patches show does. */
export function withoutSegments(config: PretrainConfig): PretrainConfig {
  const { methodOptions } = config;
  const without = { segmentEmbedding: false, segmentShare: 1, segmentSteps: null, segmentBlocks: null };
  return parseConfig({ ...config, methodOptions: { ...methodOptions, ...without } }, "the run's configuration");
}

/**
 * Outputs `prediction` [g, patches, values], and of the group's first mixture for each block B, between patches alone:
 * `attention.B` [heads, L, L], and `kept.B` alike, 1 for a key that is kept, where TopK keeps some. Metrics of the method
 * are outputs too, under their names.
 */
export function exploreProgram(config: PretrainConfig): ExploreProgram {
  const task = reconstructionOf(config)!;
  const L = patchCount(config.model);
  const outputs: Record<string, Tensor> = {};
  const keepsTop: boolean[] = [];
  const betweenPatches = (pairs: Tensor) =>
    pairs.slice(0, 0, 1).slice(2, 1).slice(3, 1).reshape([config.model.heads, L, L]);
  const model = pretextOfPixels(task, config.model, config.data, task.groupSize, (block, logits, excluded) => {
    keepsTop[block] = excluded !== undefined;
    outputs[`attention.${block}`] = betweenPatches(logits.softmax(excluded));
    if (excluded) outputs[`kept.${block}`] = constant(1, []).sub(betweenPatches(excluded.cast("float32")));
  });
  const { topkPrecision } = model.metrics;
  const program = defineProgram("explore", {
    prediction: model.prediction.transpose([1, 0, 2]),
    ...(topkPrecision && { topkPrecision }),
    ...outputs,
  });
  return { program, task, keepsTop };
}
