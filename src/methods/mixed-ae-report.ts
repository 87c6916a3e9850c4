// What MixedAE's metrics say at the end of a run: whether patches are recognised, and whether that was learnt.

import { patchCount } from "../nn/presets.js";
import { idleLoss, separatedLoss } from "./homologous-contrastive.js";
import type { MethodConfig } from "./method.js";
import { listOf, type MetricValues, metricText, percentText } from "./metric-values.js";
import { type MixedAeOptions, mixingGroup } from "./mixed-ae-options.js";
import { reconstructionMetrics } from "./reconstructing-method.js";

export const mixedAeMetrics = {
  ...reconstructionMetrics,
  contrastive: "homologous contrastive loss",
  topkPrecision: "share of kept keys from the query's own image, a list by block",
} as const;

/** Images that are told apart nearly for certain: the share of the way from the idle loss that is left (our choice). */
const NEARLY_SEPARATED = 0.15;
const TOLD = [
  "  Images are told apart nearly for certain: more likely by their segment embeddings than by what the patches show.",
  "  A run to compare with: --set methodOptions.segmentEmbedding=false, or a smaller methodOptions.contrastiveWeight.",
];
/** A block that picks homologous patches this many times as often as chance does recognises them. */
const CLEARLY = 1.4;

export function describeRecognition(
  config: MethodConfig<MixedAeOptions>,
  _first: MetricValues,
  { topkPrecision, contrastive }: MetricValues,
): string[] {
  const chance = 1 / mixingGroup(config.methodOptions);
  const precisions = listOf(topkPrecision);
  const shares = precisions.map(percentText).join(", ");
  return [
    ...(precisions.length > 0
      ? [`  recognition     attention to the own image, by block: ${shares}; chance is ${percentText(chance)}`]
      : []),
    ...(typeof contrastive === "number" ? contrastiveLines(config, contrastive, precisions) : []),
  ];
}

function contrastiveLines(
  { model, methodOptions }: MethodConfig<MixedAeOptions>,
  contrastive: number,
  precisions: readonly number[],
): string[] {
  const g = mixingGroup(methodOptions);
  const L = patchCount(model);
  const idle = idleLoss(L);
  const separated = separatedLoss(L, g, methodOptions.temperature);
  const isTold = methodOptions.segmentEmbedding && contrastive < separated + NEARLY_SEPARATED * (idle - separated);
  return [
    `  contrastive     ${metricText(contrastive)}; ${metricText(idle)} where all patches look alike to the model, ` +
      `${metricText(separated)} where their images are told apart for certain`,
    ...(isTold ? TOLD : [`  ${verdict(precisions, 1 / g, contrastive < idle - 0.1)}`]),
  ];
}

/** The last block may look elsewhere once its patches know where they belong: any block will do. */
function verdict(precisions: readonly number[], chance: number, isApart: boolean): string {
  const recognises = isApart && (precisions.length === 0 || Math.max(...precisions) >= CLEARLY * chance);
  return recognises
    ? "Recognition has started: patches find the patches of their own image within the mixture."
    : "Recognition has not started yet: it takes many steps. Give it more (--steps), or smaller batches (--batch-size).";
}
