// MixedAE: mixed autoencoding with homologous recognition [Chen et al., "Mixed Autoencoder for Self-supervised Visual
// Representation Learning", CVPR 2023]. Naive mixing, the baseline that it improves on, is the same without recognition.
import { z } from "zod";
import { concat, patchify, type Tensor } from "../graph/index.js";
import { decoder } from "../nn/decoder.js";
import { encoder } from "../nn/encoder.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/layers.js";
import { modelLimits } from "../nn/model-limits.js";
import type { ParameterScope } from "../nn/parameters.js";
import type { ModelShape } from "../nn/presets.js";
import { featureSpread } from "./feature-spread.js";
import { homologousAttention } from "./homologous-attention.js";
import { homologousContrastiveLoss } from "./homologous-contrastive.js";
import { type Method, type PretextTask, patchCount } from "./method.js";
import { drawAssignment, mixture } from "./mixing.js";
import { normPixelsOption, reconstructionLoss, reconstructionTarget } from "./reconstruction.js";

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

export type MixingOptions = z.infer<typeof mixingOptions>;
export type MixedAeOptions = z.infer<typeof mixedAeOptions>;

export const mixingDefaults: MixingOptions = { mixingRatio: 0.25, mode: "compose", normPixels: true };

export const mixedAeDefaults: MixedAeOptions = {
  ...mixingDefaults,
  homologousAttention: true,
  homologousFrom: 1,
  clsCompetes: false,
  segmentEmbedding: true,
  decoderSegmentEmbedding: false,
  contrastive: true,
  temperature: 0.25,
  contrastiveWeight: 0.1,
  projectionHead: false,
};

const PROJECTION_WIDTH = 128;

export function mixedAe(shape: ModelShape, options: MixedAeOptions): Method {
  return mixingMethod("mixedae", shape, options);
}

/** Mixed images through a plain encoder, unmixed and reconstructed. Mixing alone makes MAE worse, the paper says. */
export function naiveMixing(shape: ModelShape, options: MixingOptions): Method {
  return mixingMethod("mixing", shape, {
    ...options,
    homologousAttention: false,
    homologousFrom: 0,
    clsCompetes: false,
    segmentEmbedding: false,
    decoderSegmentEmbedding: false,
    contrastive: false,
    temperature: 1,
    contrastiveWeight: 0,
    projectionHead: false,
  });
}

/** The plan is an assignment [groups, patches]: which image of the group supplies each patch. */
function mixingMethod(name: string, shape: ModelShape, options: MixedAeOptions): Method {
  const patchesPerImage = patchCount(shape);
  const groupSize = Math.round(1 / options.mixingRatio);
  const perSource = patchesPerImage / groupSize;

  return {
    name,
    groupSize,
    planName: "assignment",
    planColumns: patchesPerImage,
    drawPlanRow: (stream) => drawAssignment(stream, patchesPerImage, groupSize),
    shownPatches: (planRow, place) =>
      options.mode === "compose" ? planRow : planRow.map((source) => (source + place) % groupSize),

    build(scope, images, assignment): PretextTask {
      const { embed, positions, encode } = encoder(scope, shape);
      const { embed: embedForDecoder, maskToken, decode } = decoder(scope, shape);
      const { mix, unmix, share, sources, hidden } = mixture(assignment, groupSize, options.mode);
      const patches = patchify(images, shape.patchSize);

      // Mixing, and the encoder that recognises which patches belong together.
      const segments = options.segmentEmbedding ? segmentEmbedding(scope, groupSize, shape.width) : undefined;
      const tokens = embed(mix(patches)).add(positions.reshape([patchesPerImage, 1, shape.width]));
      const recognition = homologousAttention(sources, perSource, options.clsCompetes);
      const isHomologous = (block: number) => options.homologousAttention && block >= options.homologousFrom;
      const encoded = encode(segments ? tokens.add(segments(sources)) : tokens, {
        exclusions: (block) => (isHomologous(block) ? recognition.exclude : undefined),
      });

      // Unmixing, and MAE's decoder for each image.
      const embedded = embedForDecoder(encoded);
      const unmixed = unmix(embedded.slice(0, 1), maskToken);
      const decoderInput = options.decoderSegmentEmbedding
        ? unmixed.add(decoderSegments(scope, groupSize, shape.decoderWidth, images.shape[0]!))
        : unmixed;
      const prediction = decode(share(embedded.slice(0, 0, 1)), decoderInput);
      const target = reconstructionTarget(patches, options.normPixels);
      const hiddenCount = (patchesPerImage - perSource) * images.shape[0]!;
      const reconstruction = reconstructionLoss(prediction, target, hidden, hiddenCount);

      const precisions = recognition.precisions().map((precision) => precision.reshape([1]));
      const metrics = {
        reconstruction,
        ...(precisions.length > 0 && { topkPrecision: concat(precisions, 0) }),
        featureSpread: featureSpread(encoded),
      };
      if (!options.contrastive) return { loss: reconstruction, metrics, prediction };

      const project = options.projectionHead ? projectionHead(scope, shape.width) : (x: Tensor) => x;
      const features = project(encoded.slice(0, 1));
      const contrastive = homologousContrastiveLoss(features, sources, perSource, options.temperature);
      const loss = reconstruction.add(contrastive.mul(options.contrastiveWeight));
      return { loss, metrics: { ...metrics, contrastive }, prediction };
    },
  };
}

/** A learned vector for each place in the group, looked up for each patch of the mixed images. */
function segmentEmbedding(scope: ParameterScope, groupSize: number, width: number) {
  const table = scope.create("segment_embed", [groupSize, width], normal(0.02), { decay: false });
  return (sources: Tensor) => sources.oneHot(groupSize).matmul(table);
}

/** A learned vector for each place in the group, for the images in their order: [images, width]. */
function decoderSegments(scope: ParameterScope, groupSize: number, width: number, images: number): Tensor {
  const table = scope.create("decoder_segment_embed", [groupSize, width], normal(0.02), { decay: false });
  return table.expand([images / groupSize, groupSize, width]).reshape([images, width]);
}

function projectionHead(scope: ParameterScope, width: number) {
  const head = scope.in("contrastive_head");
  const fc1 = linear(head.in("fc1"), width, width);
  const fc2 = linear(head.in("fc2"), width, PROJECTION_WIDTH);
  return (x: Tensor) => fc2(fc1(x).gelu());
}
