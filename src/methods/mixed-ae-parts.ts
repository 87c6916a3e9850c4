// What MixedAE adds to naive mixing, each with what takes its place where it is switched off and changes nothing.
import { concat, constant, type Tensor } from "../graph/index.js";
import type { Encoder } from "../nn/encoder.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/layers.js";
import type { ParameterScope } from "../nn/parameters.js";
import { type ModelShape, patchCount } from "../nn/presets.js";
import { homologousExclusion, topkPrecision } from "./homologous-attention.js";
import { homologousContrastiveLoss } from "./homologous-contrastive.js";
import { type MixedAeOptions, mixingGroup } from "./mixed-ae-options.js";

type Metrics = Readonly<Record<string, Tensor>>;

export interface MixedAeParts {
  /**
   * What tells the places in the group apart, for patch tokens by M [L, mixed images]: [L, mixed images, width], undefined
   * for nothing. Where `segmented` [mixed images] is given, zero for the mixed images for which it is 0, and not 1.
   */
  segmentsOf(M: Tensor, segmented?: Tensor): Tensor | undefined;
  /**
   * Encodes patch tokens with these segments, each attending to those that it takes for homologous, where the boolean
   * `homologous` [mixed images, L, L] says which are: [1 + L, mixed images, width], and `topkPrecision` by block.
   */
  recognize(
    encode: Encoder["encode"],
    tokens: Tensor,
    segments: Tensor | undefined,
    homologous: Tensor,
  ): { encoded: Tensor; metrics: Metrics };
  /** Adds to tokens of the images in their order [L, images, decoderWidth] what tells their places in the group apart. */
  addDecoderSegments(tokens: Tensor): Tensor;
  /** The contrastive loss of patch tokens [L, mixed images, width] times its weight, and `contrastive`, the loss itself. */
  contrast(z: Tensor, homologous: Tensor): { weighted: Tensor; metrics: Metrics };
}

/** Makes their parameters in the scope. */
export function mixedAeParts(scope: ParameterScope, shape: ModelShape, options: MixedAeOptions): MixedAeParts {
  const L = patchCount(shape);
  const g = mixingGroup(options);
  return {
    segmentsOf: options.segmentEmbedding ? segments(scope, g, shape.width) : () => undefined,
    addDecoderSegments: options.decoderSegmentEmbedding
      ? decoderSegments(scope, g, shape.decoderWidth)
      : (tokens) => tokens,
    recognize: recognition(L / g, options.homologousAttention ? options.homologousFrom : shape.depth, options),
    contrast: options.contrastive
      ? contrastive(scope, L / g, shape.width, options)
      : () => ({ weighted: constant(0, []), metrics: {} }),
  };
}

/** A learned vector for each place in the group, looked up for each patch of the mixed images. */
function segments(scope: ParameterScope, g: number, width: number): MixedAeParts["segmentsOf"] {
  const table = scope.create("segment_embed", [g, width], normal(0.02), { decay: false });
  return (M, segmented) => {
    const embeddings = M.oneHot(g).matmul(table);
    return segmented ? embeddings.mul(segmented.cast(embeddings.dtype).reshape([1, -1, 1])) : embeddings;
  };
}

/** Takes segments [L, mixed images, width], which CLS has none of, from the tokens that enter block `last`. */
function withoutSegments(segments: Tensor, last: number) {
  const none = segments.slice(0, 0, 1).mul(0);
  return (x: Tensor, block: number) => (block === last ? x.sub(concat([none, segments], 0)) : x);
}

/** A learned vector for each place in the group, the same for all patches of an image. */
function decoderSegments(scope: ParameterScope, g: number, width: number): MixedAeParts["addDecoderSegments"] {
  const table = scope.create("decoder_segment_embed", [g, width], normal(0.02), { decay: false });
  return (tokens) => {
    const images = tokens.shape[1]!;
    return tokens.add(table.expand([images / g, g, width]).reshape([images, width]));
  };
}

/** Homologous attention in all blocks from `first` on. */
function recognition(
  K: number,
  first: number,
  { clsCompetes, segmentBlocks }: Pick<MixedAeOptions, "clsCompetes" | "segmentBlocks">,
): MixedAeParts["recognize"] {
  return (encode, tokens, segments, homologous) => {
    // Blocks show their logits only while they are built, so the precisions leave together with what was encoded.
    const precisions: Tensor[] = [];
    const exclude = (logits: Tensor) => {
      const excluded = homologousExclusion(logits, K, clsCompetes);
      precisions.push(topkPrecision(excluded, homologous).reshape([1]));
      return excluded;
    };
    const encoded = encode(segments ? tokens.add(segments) : tokens, {
      attention: (block) => (block >= first ? { exclude } : undefined),
      entering: segments && segmentBlocks !== null ? withoutSegments(segments, segmentBlocks) : undefined,
    });
    const metrics: Metrics = precisions.length > 0 ? { topkPrecision: concat(precisions, 0) } : {};
    return { encoded, metrics };
  };
}

/** With `projectionHead` of the output of a small head in place of the tokens. */
function contrastive(
  scope: ParameterScope,
  rL: number,
  width: number,
  { temperature, contrastiveWeight, projectionHead }: MixedAeOptions,
): MixedAeParts["contrast"] {
  const project = projectionHead ? contrastiveHead(scope.in("contrastive_head"), width) : (z: Tensor) => z;
  return (z, homologous) => {
    const loss = homologousContrastiveLoss(project(z), homologous, rL, temperature);
    return { weighted: loss.mul(contrastiveWeight), metrics: { contrastive: loss } };
  };
}

const PROJECTION_WIDTH = 128;

function contrastiveHead(scope: ParameterScope, width: number) {
  const fc1 = linear(scope.in("fc1"), width, width);
  const fc2 = linear(scope.in("fc2"), width, PROJECTION_WIDTH);
  return (z: Tensor) => fc2(fc1(z).gelu());
}
