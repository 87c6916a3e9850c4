// A segmentation model: the encoder's maps, a head, and the programs that train and apply it.

import { input, type Tensor } from "../graph/index.js";
import { type ChannelNormKind, type ChannelNorms, channelNorms } from "../nn/channel-norms.js";
import { denseEncoder, pyramidTaps } from "../nn/dense-encoder.js";
import { type Parameter, ParameterScope } from "../nn/parameters.js";
import { type Normalization, normalizePixels } from "../nn/pixels.js";
import { channelsOf, type EncoderShape } from "../nn/presets.js";
import { pixelLoss } from "./segmentation-loss.js";
import { type ClassMaps, linearSegmentation, uperNet } from "./upernet.js";

/** The heads: UPerNet, or one linear map from each place to classes. */
export const segmentationHeads = ["upernet", "linear"] as const;

/** What a segmentation model is made of. */
export interface SegmenterShape {
  /** As it was pre-trained: its image size is that of its positions. */
  readonly encoder: EncoderShape;
  readonly classes: number;
  /** Side of the squares that it is trained on, and applied to. */
  readonly imageSize: number;
  readonly head: (typeof segmentationHeads)[number];
  readonly channels: number;
  readonly auxiliaryChannels: number;
  readonly norm: ChannelNormKind;
  /** Where given, attention stays within squares of so many patches, but for the blocks that are named. */
  readonly windows: { readonly side: number; readonly globalBlocks: readonly number[] } | null;
  /** Whether attention has learned biases by distance. */
  readonly relativePositions: boolean;
}

/** What differs between the steps of a training. */
export interface SegmenterDraws {
  /** For drop path: [batch, depth, 2]. */
  readonly branchScales?: Tensor | undefined;
  /** What multiplies the channels that classes are read from: [batch, dropoutWidth]. */
  readonly dropout?: Tensor | undefined;
}

/** How many channels the classes are read from. */
export function dropoutWidth({ head, channels, encoder }: SegmenterShape): number {
  return head === "upernet" ? channels : encoder.width;
}

function segmenter(scope: ParameterScope, norms: ChannelNorms, shape: SegmenterShape, auxiliary: boolean) {
  const { encoder, classes, imageSize, head, channels, auxiliaryChannels } = shape;
  const side = Math.ceil(imageSize / encoder.patchSize);
  const isPyramid = head === "upernet";
  const encode = denseEncoder(scope, encoder, {
    taps: isPyramid ? pyramidTaps(encoder.depth) : [encoder.depth - 1],
    ...(shape.windows && { windows: shape.windows }),
    ...(shape.relativePositions && { relativeTo: { rows: side, columns: side } }),
    finalNorm: !isPyramid,
  });
  const { width } = encoder;
  const classify = isPyramid
    ? uperNet(scope, norms, { width, classes, channels, auxiliaryChannels }, auxiliary)
    : linearSegmentation(scope, width, classes);
  return (images: Tensor, { branchScales, dropout }: SegmenterDraws = {}): ClassMaps =>
    classify(encode(images, branchScales), dropout?.reshape([...dropout.shape, 1, 1]));
}

/** A segmentation model as it is trained. */
export interface SegmenterInTraining {
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** Of batch normalisation, by the names of their running means; they are among the metrics too. */
  readonly statistics: ReadonlyMap<string, Tensor>;
  readonly parameters: readonly Parameter[];
}

/** How much is dropped, and what the auxiliary head counts for. */
export interface SegmenterRegularization {
  readonly dropout: number;
  readonly dropPath: number;
  readonly auxiliaryWeight: number;
  /**
   * Whether processes divide a batch, each with pixels that have no label: the input `labelled` [1] then says how many
   * pixels the loss is the mean over.
   */
  readonly isDivided?: boolean;
}

/**
 * One micro-batch. Inputs: `images` [batch, imageSize, imageSize, channels] and `labels` [batch, imageSize, imageSize], both
 * uint8; where there is any, `branchScales` [batch, depth, 2] and `dropout` [batch, dropoutWidth].
 */
export function segmenterInTraining(
  shape: SegmenterShape,
  batch: number,
  normalization: Normalization,
  { dropout, dropPath, auxiliaryWeight, isDivided = false }: SegmenterRegularization,
): SegmenterInTraining {
  const { imageSize, encoder } = shape;
  const scope = new ParameterScope();
  const norms = channelNorms(shape.norm, "training");
  const model = segmenter(scope, norms, shape, auxiliaryWeight > 0);
  const images = input("images", [batch, imageSize, imageSize, channelsOf(encoder)], "uint8");
  const labels = input("labels", [batch, imageSize, imageSize], "uint8");
  const { scores, auxiliary } = model(normalizePixels(images, normalization), {
    branchScales: dropPath > 0 ? input("branchScales", [batch, encoder.depth, 2]) : undefined,
    dropout: dropout > 0 ? input("dropout", [batch, dropoutWidth(shape)]) : undefined,
  });
  const labelled = isDivided ? input("labelled", [1]) : undefined;
  const main = pixelLoss(scores, labels, labelled);
  const aside = auxiliary && pixelLoss(auxiliary, labels, labelled);
  return {
    loss: aside ? main.loss.add(aside.loss.mul(auxiliaryWeight)) : main.loss,
    metrics: {
      segmentation: main.loss,
      pixelAccuracy: main.accuracy,
      ...(aside && { auxiliary: aside.loss }),
      ...Object.fromEntries(norms.statistics),
    },
    statistics: norms.statistics,
    parameters: scope.parameters,
  };
}

/**
 * The model as it is applied, in `scope`: normalised images [batch, imageSize, imageSize, channels] to scores
 * [batch, classes, imageSize, imageSize].
 */
export function frozenSegmenter(scope: ParameterScope, shape: SegmenterShape): (images: Tensor) => Tensor {
  const model = segmenter(scope, channelNorms(shape.norm, "frozen"), shape, false);
  return (images) => {
    const [, height, width] = images.shape as [number, number, number, number];
    return model(images).scores.resizeBilinear(height, width);
  };
}
