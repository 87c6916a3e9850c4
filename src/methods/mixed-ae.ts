// MixedAE: mixed autoencoding with homologous recognition [Chen et al., "Mixed Autoencoder for Self-supervised Visual
// Representation Learning", CVPR 2023]. Naive mixing, the baseline that it improves on, is the same without recognition.
import { concat, patchify, type Tensor } from "../graph/index.js";
import { decoder } from "../nn/decoder.js";
import { encoder } from "../nn/encoder.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/layers.js";
import type { ParameterScope } from "../nn/parameters.js";
import { type ModelShape, patchCount } from "../nn/presets.js";
import { featureSpread } from "./feature-spread.js";
import { homologousAttention } from "./homologous-attention.js";
import { homologousContrastiveLoss } from "./homologous-contrastive.js";
import {
  type MixedAeOptions,
  type MixingOptions,
  mixedAeDefaults,
  mixedAeMisfits,
  mixedAeOptions,
  mixingDefaults,
  mixingGroup,
  mixingMisfits,
  mixingOptions,
  settleMixingRatio,
} from "./mixed-ae-options.js";
import { describeRecognition, mixedAeMetrics } from "./mixed-ae-report.js";
import { drawAssignment, mixture } from "./mixing.js";
import { reconstructingMethod, reconstructionMetrics } from "./reconstructing-method.js";
import { reconstructionLoss, reconstructionTarget } from "./reconstruction.js";
import type { PretextTask, ReconstructionTask } from "./reconstruction-task.js";

const PROJECTION_WIDTH = 128;
/** Two masks of the contrastive loss, each as it is made, as it is told from others, and in the program's file. */
const CONTRASTIVE_MATRICES = 8;

export const mixedAe = reconstructingMethod<MixedAeOptions>({
  name: "mixedae",
  options: mixedAeOptions,
  defaultOptions: mixedAeDefaults,
  metrics: mixedAeMetrics,
  groupSize: mixingGroup,
  settle: settleMixingRatio,
  misfits: mixedAeMisfits,
  reconstruction: (shape, options) => mixedAutoencoding("mixedae", shape, options),
  describeMore: describeRecognition,
  sizeMore: ({ methodOptions }) => ({ pairMatrices: methodOptions.contrastive ? CONTRASTIVE_MATRICES : 0 }),
  otherTensors: [
    [/^segment_embed$/, ({ width }) => [null, width!]],
    [/^decoder_segment_embed$/, ({ decoderWidth }) => [null, decoderWidth ?? null]],
    [/^contrastive_head\.fc1\.weight$/, ({ width }) => [width!, width!]],
    [/^contrastive_head\.fc1\.bias$/, ({ width }) => [width!]],
    [/^contrastive_head\.fc2\.weight$/, ({ width }) => [null, width!]],
    [/^contrastive_head\.fc2\.bias$/, () => [null]],
  ],
});

/** Mixed images through a plain encoder, unmixed and reconstructed. Mixing alone makes MAE worse, the paper says. */
export const naiveMixing = reconstructingMethod<MixingOptions>({
  name: "mixing",
  options: mixingOptions,
  defaultOptions: mixingDefaults,
  metrics: reconstructionMetrics,
  groupSize: mixingGroup,
  settle: settleMixingRatio,
  misfits: mixingMisfits,
  reconstruction: (shape, options) =>
    mixedAutoencoding("mixing", shape, {
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
    }),
});

/** The plan is an assignment [groups, patches]: which image of the group supplies each patch. */
function mixedAutoencoding(name: string, shape: ModelShape, options: MixedAeOptions): ReconstructionTask {
  const patchesPerImage = patchCount(shape);
  const groupSize = mixingGroup(options);
  const perSource = patchesPerImage / groupSize;

  return {
    name,
    groupSize,
    planName: "assignment",
    planColumns: patchesPerImage,
    normPixels: options.normPixels,
    hiddenShare: 1 - options.mixingRatio,
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
