// What MixedAE's metrics say at the end of a run: whether patches are recognised, and whether that was learnt.

import { patchCount } from "../nn/presets.js";
import { idleLoss, separatedLoss } from "./homologous-contrastive.js";
import type { MethodConfig, MetricLevel } from "./method.js";
import { listOf, type MetricValues, metricText, percentText } from "./metric-values.js";
import { type MixedAeOptions, mixingGroup } from "./mixed-ae-options.js";
import { reconstructionMetrics } from "./reconstructing-method.js";
import type { Warning } from "./warning.js";

export const mixedAeMetrics = {
  ...reconstructionMetrics,
  contrastive: "homologous contrastive loss: the lower, the better a patch is told from those of the other images",
  topkPrecision: "share of kept keys from the query's own image, a list by block",
} as const;

/** Images that are told apart nearly for certain: the share of the way from the idle loss that is left (our choice). */
const NEARLY_SEPARATED = 0.15;
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

/**
 * That recognition was leaked and not learnt: with segment embeddings in every group, a contrastive loss near its least value
 * says that images are told apart nearly for certain, which what patches show does not give. Such an encoder gains nothing.
 */
export function shortcutWarnings(config: MethodConfig<MixedAeOptions>, { contrastive }: MetricValues): Warning[] {
  const { segmentEmbedding, segmentShare, contrastive: contrasts } = config.methodOptions;
  if (!segmentEmbedding || segmentShare < 1 || !contrasts || typeof contrastive !== "number") return [];
  const { idle, separated } = contrastiveBounds(config);
  if (contrastive >= separated + NEARLY_SEPARATED * (idle - separated)) return [];
  return [
    {
      sign: "shortcut",
      lines: [
        `the contrastive loss is ${metricText(contrastive)}, and ${metricText(separated)} stands for certainty: images are told`,
        "  apart by their segment embeddings more likely than by what the patches show, and an encoder that does not have to",
        "  recognise learns no more than MAE's. Start a new run with --set methodOptions.segmentShare=0.5, where half of the",
        "  groups have no segment embeddings, or with --set methodOptions.segmentEmbedding=false.",
      ],
    },
  ];
}

/** What recognition is to be compared with: chance, and the contrastive loss at both of its ends. */
export function recognitionLevels(config: MethodConfig<MixedAeOptions>): MetricLevel[] {
  const { idle, separated } = contrastiveBounds(config);
  return [
    { metric: "topkPrecision", value: 1 / mixingGroup(config.methodOptions), meaning: "chance" },
    { metric: "contrastive", value: idle, meaning: "all patches look alike" },
    { metric: "contrastive", value: separated, meaning: "images are told apart for certain" },
  ];
}

/** The contrastive loss where all patches look alike, and where images are told apart for certain. */
function contrastiveBounds({ model, methodOptions }: MethodConfig<MixedAeOptions>) {
  const L = patchCount(model);
  return { idle: idleLoss(L), separated: separatedLoss(L, mixingGroup(methodOptions), methodOptions.temperature) };
}

function contrastiveLines(
  config: MethodConfig<MixedAeOptions>,
  contrastive: number,
  precisions: readonly number[],
): string[] {
  const { idle, separated } = contrastiveBounds(config);
  const chance = 1 / mixingGroup(config.methodOptions);
  const isLeaked = shortcutWarnings(config, { contrastive }).length > 0;
  return [
    `  contrastive     ${metricText(contrastive)}; ${metricText(idle)} where all patches look alike to the model, ` +
      `${metricText(separated)} where their images are told apart for certain`,
    ...(isLeaked ? [] : [`  ${verdict(precisions, chance, contrastive < idle - 0.1)}`]),
  ];
}

/** The last block may look elsewhere once its patches know where they belong: any block will do. */
function verdict(precisions: readonly number[], chance: number, isApart: boolean): string {
  const recognises = isApart && (precisions.length === 0 || Math.max(...precisions) >= CLEARLY * chance);
  return recognises
    ? "Recognition has started: patches find the patches of their own image within the mixture."
    : "Recognition has not started yet: it takes many steps. Give it more (--steps), or smaller batches (--batch-size).";
}
