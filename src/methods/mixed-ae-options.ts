// The options of naive mixing and of MixedAE, with their defaults, and what must hold of them.
import { z } from "zod";
import { modelLimits } from "../nn/model-limits.js";
import { hasWholePatches, patchCount } from "../nn/presets.js";
import type { MethodConfig } from "./method.js";
import { shareText } from "./misfit.js";
import { normPixelsOption } from "./reconstruction.js";

export const mixingOptions = z.strictObject({
  mixingRatio: z
    .number()
    .gt(0)
    .lt(1)
    .describe(
      "share of the positions that each source image supplies; images are mixed in groups of g = 1/ratio, a whole number",
    ),
  mode: z
    .enum(["compose", "full"])
    .describe(
      "compose: one mixed image a group, as many encoder tokens as MAE; full: g mixed images a group (our choice)",
    ),
  normPixels: normPixelsOption,
});

/** Every component can be switched off. What is marked as our choice is so because the paper's value is not known to us. */
export const mixedAeOptions = mixingOptions.extend({
  homologousAttention: z.boolean().describe("keep only the top rL keys of each query"),
  homologousFrom: z
    .int()
    .min(0)
    .max(modelLimits.depth)
    .describe(
      "first encoder block, counted from 0, with homologous attention; those before attend to all (our choice)",
    ),
  clsCompetes: z
    .boolean()
    .describe(
      "CLS is one of the tokens that the top rL are taken from and for, where it is otherwise spared (our choice)",
    ),
  segmentEmbedding: z.boolean().describe("add a learned vector for each source at the encoder's input (our choice)"),
  segmentShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      "share of the groups that get these, drawn at random; the others have to be recognised by what they show (our choice)",
    ),
  segmentSteps: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("steps over which this share falls to none, in a straight line; null: it does not fall (our choice)"),
  segmentBlocks: z
    .int()
    .positive()
    .max(modelLimits.depth)
    .nullable()
    .default(null)
    .describe("encoder blocks after which these vectors are subtracted again; null: they stay in the sum (our choice)"),
  decoderSegmentEmbedding: z.boolean().describe("add one at the decoder's input as well (our choice)"),
  contrastive: z.boolean().describe("add the homologous contrastive loss"),
  temperature: z.number().positive().max(1000).describe("temperature of the contrastive loss (our choice)"),
  contrastiveWeight: z
    .number()
    .min(0)
    .max(1000)
    .describe("weight of the contrastive loss beside the reconstruction (our choice)"),
  projectionHead: z.boolean().describe("contrast the output of a small head, not the tokens themselves (our choice)"),
});

/** The options of naive mixing. */
export type MixingOptions = z.infer<typeof mixingOptions>;
/** The options of MixedAE. */
export type MixedAeOptions = z.infer<typeof mixedAeOptions>;

export const mixingDefaults: MixingOptions = { mixingRatio: 0.25, mode: "compose", normPixels: true };

export const mixedAeDefaults: MixedAeOptions = {
  ...mixingDefaults,
  homologousAttention: true,
  homologousFrom: 1,
  clsCompetes: false,
  segmentEmbedding: true,
  segmentShare: 1,
  segmentSteps: null,
  segmentBlocks: null,
  decoderSegmentEmbedding: false,
  contrastive: true,
  temperature: 0.25,
  contrastiveWeight: 0.1,
  projectionHead: false,
};

/** Naive mixing as MixedAE with all that it adds switched off. */
export function withoutRecognition(options: MixingOptions): MixedAeOptions {
  return {
    ...mixedAeDefaults,
    ...options,
    homologousAttention: false,
    segmentEmbedding: false,
    decoderSegmentEmbedding: false,
    contrastive: false,
  };
}

/** Images a group, g = 1 / ratio; 1 for what is no ratio, which is refused elsewhere. */
export function mixingGroup({ mixingRatio }: { readonly mixingRatio?: unknown }): number {
  return typeof mixingRatio === "number" ? Math.round(1 / mixingRatio) : 1;
}

/** A ratio such as 0.333 stands for 1/3: within 1% of one over a whole number. Undefined for any other. */
function exactMixingRatio(ratio: number): number | undefined {
  const group = Math.round(1 / ratio);
  return group >= 2 && Math.abs(ratio * group - 1) <= 0.01 ? 1 / group : undefined;
}

/** Makes the ratio exact. What is out of range is left for the schema to refuse. */
export function settleMixingRatio(options: Record<string, unknown>): string | undefined {
  const { mixingRatio } = options;
  if (typeof mixingRatio !== "number" || !(mixingRatio > 0 && mixingRatio < 1)) return undefined;
  const exact = exactMixingRatio(mixingRatio);
  if (exact === undefined) {
    return `methodOptions.mixingRatio: expected one over a whole number, such as 0.5, 0.3333, 0.25, 0.2 or 0.125; found ${mixingRatio}`;
  }
  options.mixingRatio = exact;
  return undefined;
}

export function mixingMisfits({ model, methodOptions }: MethodConfig<MixingOptions>): string[] {
  const patches = patchCount(model);
  const group = mixingGroup(methodOptions);
  if (!hasWholePatches(model) || patches % group === 0) return [];
  return [
    `methodOptions.mixingRatio: expected groups that divide the ${patches} patches of an image; found ${shareText(group)}, ` +
      `groups of ${group}. Change it, or model.imageSize or model.patchSize`,
  ];
}

export function mixedAeMisfits(config: MethodConfig<MixedAeOptions>): string[] {
  const { model, methodOptions } = config;
  const { contrastive, homologousAttention, homologousFrom } = methodOptions;
  const problems = mixingMisfits(config);
  const patches = patchCount(model);
  const group = mixingGroup(methodOptions);
  if (hasWholePatches(model) && patches === group && contrastive) {
    problems.push(
      `methodOptions.mixingRatio: expected at least 2 patches of each image in a mixed image, which the contrastive ` +
        `loss compares; found ${shareText(group)} of ${patches}. Change it, or model.imageSize or model.patchSize`,
    );
  }
  if (homologousAttention && homologousFrom >= model.depth) {
    problems.push(
      `methodOptions.homologousFrom: expected a block below model.depth = ${model.depth}; found ${homologousFrom}. ` +
        "To have ordinary attention everywhere, set methodOptions.homologousAttention to false",
    );
  }
  return [...problems, ...segmentMisfits(config)];
}

function segmentMisfits({ model, methodOptions }: MethodConfig<MixedAeOptions>): string[] {
  const { segmentEmbedding, segmentSteps, segmentBlocks } = methodOptions;
  const idle = Object.entries({ segmentSteps, segmentBlocks }).filter(([, value]) => value !== null);
  if (!segmentEmbedding) {
    return idle.map(
      ([name, value]) =>
        `methodOptions.${name}: expected null where methodOptions.segmentEmbedding is false; found ${value}. ` +
        "Change one of them",
    );
  }
  if (segmentBlocks === null || segmentBlocks < model.depth) return [];
  return [
    `methodOptions.segmentBlocks: expected fewer than model.depth = ${model.depth} blocks; found ${segmentBlocks}. ` +
      "To leave the segment embeddings in the sum, set it to null",
  ];
}
