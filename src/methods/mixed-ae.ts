// MixedAE: mixed autoencoding with homologous recognition [Chen et al., "Mixed Autoencoder for Self-supervised Visual
// Representation Learning", CVPR 2023]. Naive mixing, the baseline that it improves on, is the same without recognition.
import { patchify } from "../graph/index.js";
import { decoder } from "../nn/decoder.js";
import { encoder } from "../nn/encoder.js";
import { type ModelShape, patchCount } from "../nn/presets.js";
import { watchedEncode } from "./attention-watch.js";
import { featureSpread } from "./feature-spread.js";
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
  withoutRecognition,
} from "./mixed-ae-options.js";
import { mixedAeParts } from "./mixed-ae-parts.js";
import { describeRecognition, mixedAeMetrics, recognitionLevels, shortcutWarnings } from "./mixed-ae-report.js";
import { assignmentFor, byMixedImage, drawAssignment, homologousPairs, mixture } from "./mixing.js";
import { reconstructingMethod, reconstructionMetrics } from "./reconstructing-method.js";
import { reconstructionLoss, reconstructionTarget } from "./reconstruction.js";
import type { PretextTask, ReconstructionTask } from "./reconstruction-task.js";
import { clsOf, patchesOf } from "./tokens.js";

/** Two masks of the contrastive loss, each as it is made, as it is told from others, and in the program's file. */
const CONTRASTIVE_MATRICES = 8;

export const mixedAe = reconstructingMethod<MixedAeOptions>({
  name: "mixedae",
  options: mixedAeOptions,
  defaultOptions: mixedAeDefaults,
  laterOptions: { segmentShare: 1, segmentSteps: null, segmentBlocks: null },
  metrics: mixedAeMetrics,
  levels: recognitionLevels,
  firstBlock: ({ methodOptions }) => methodOptions.homologousFrom,
  groupSize: mixingGroup,
  settle: settleMixingRatio,
  misfits: mixedAeMisfits,
  reconstruction: (shape, options) => mixedAutoencoding("mixedae", shape, options),
  describeMore: describeRecognition,
  warnings: shortcutWarnings,
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
  reconstruction: (shape, options) => mixedAutoencoding("mixing", shape, withoutRecognition(options)),
});

/** Whether some groups get segment embeddings and others do not. */
function hasDrawnSegments({ segmentEmbedding, segmentShare, segmentSteps }: MixedAeOptions): boolean {
  return segmentEmbedding && (segmentShare < 1 || segmentSteps !== null);
}

/** The share of the groups with segment embeddings in a step, numbered from 1. */
function segmentShareAt({ segmentShare, segmentSteps }: MixedAeOptions, step: number): number {
  return segmentSteps === null ? segmentShare : segmentShare * Math.max(0, 1 - (step - 1) / segmentSteps);
}

/**
 * The symbols are those of docs/methods.md: images of L patches in groups of g = 1/r; M, which the plan [groups, L] gives,
 * says which image of the group supplies each patch of a mixed image; patches are homologous if it is the same one.
 */
function mixedAutoencoding(name: string, shape: ModelShape, options: MixedAeOptions): ReconstructionTask {
  const { mixingRatio: r, mode, normPixels } = options;
  const L = patchCount(shape);
  const g = mixingGroup(options);
  const rL = L / g;
  const drawsSegments = hasDrawnSegments(options);

  return {
    name,
    groupSize: g,
    planName: "assignment",
    // Behind M, where only some groups get segment embeddings, whether this one does: 1 or 0.
    planColumns: drawsSegments ? L + 1 : L,
    normPixels,
    hiddenShare: 1 - r,
    drawPlanRow(stream, step) {
      const assignment = drawAssignment(stream, L, g);
      if (!drawsSegments) return assignment;
      return Int32Array.of(...assignment, stream.uniform() < segmentShareAt(options, step) ? 1 : 0);
    },
    shownPatches: (planRow, place) => assignmentFor(place, planRow.subarray(0, L), g, mode),

    build(scope, images, plan, watch): PretextTask {
      const { embed, positions, encode: encodeUnseen } = encoder(scope, shape);
      const encode = watch ? watchedEncode(encodeUnseen, watch) : encodeUnseen;
      const { embed: embedForDecoder, maskToken, decode } = decoder(scope, shape);
      const { segmentsOf, recognize, addDecoderSegments, contrast } = mixedAeParts(scope, shape, options);
      const assignment = drawsSegments ? plan.slice(1, 0, L) : plan;
      const { M, mix, unmix, share, hidden } = mixture(assignment, g, mode);
      const segmented = drawsSegments ? byMixedImage(plan.slice(1, L), g, mode) : undefined;
      const homologous = homologousPairs(M);
      const patches = patchify(images, shape.patchSize);

      // Mix, and encode with recognition: each patch attends to those that it takes for homologous.
      const mixed = embed(mix(patches)).add(positions.reshape([L, 1, shape.width]));
      const { encoded, metrics: recognized } = recognize(encode, mixed, segmentsOf(M, segmented), homologous);

      // Unmix, and decode each image on its own.
      const embedded = embedForDecoder(encoded);
      const unmixed = unmix(patchesOf(embedded), maskToken);
      const prediction = decode(share(clsOf(embedded)), addDecoderSegments(unmixed));

      // Two losses.
      const hiddenPatches = (L - rL) * images.shape[0]!;
      const target = reconstructionTarget(patches, normPixels);
      const reconstruction = reconstructionLoss(prediction, target, hidden, hiddenPatches);
      const { weighted, metrics: contrasted } = contrast(patchesOf(encoded), homologous);

      return {
        loss: reconstruction.add(weighted),
        metrics: { reconstruction, ...recognized, featureSpread: featureSpread(encoded), ...contrasted },
        prediction,
      };
    },
  };
}
