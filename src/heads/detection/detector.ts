// Mask R-CNN on a plain vision transformer [He et al., ICCV 2017; Li et al., ECCV 2022], and the programs that train and apply it.

import { defineProgram, input, type Program, type Tensor } from "../../graph/index.js";
import { denseEncoder, pyramidTaps } from "../../nn/dense-encoder.js";
import { type Parameter, ParameterScope } from "../../nn/parameters.js";
import { type Normalization, normalizePixels } from "../../nn/pixels.js";
import { channelsOf, type EncoderShape } from "../../nn/presets.js";
import type { PyramidLevel } from "./anchors.js";
import { maskLoss, proposalLosses, regionLosses } from "./detector-loss.js";
import { type PyramidKind, simplePyramid, topDownPyramid } from "./feature-pyramid.js";
import { proposalHead } from "./proposal-head.js";
import { pyramidLevels, regionLevels } from "./pyramid-levels.js";
import { boxHead, MASK_SIDE, maskHead, type RegionHeadShape, regionFeatures } from "./region-heads.js";

/** What a detector is made of. */
export interface DetectorShape extends RegionHeadShape {
  /** As it was pre-trained: its image size is that of its positions. */
  readonly encoder: EncoderShape;
  /** Side of the squares that it is trained on, and applied to. */
  readonly imageSize: number;
  readonly pyramid: PyramidKind;
  /** How many times the encoder's places the finest level has, each way: 4, 2 or 1. */
  readonly finest: number;
  /** The root of an anchor's area, in strides of its level. */
  readonly anchorScale: number;
  readonly proposalConvolutions: number;
  /** Whether objects have masks, or boxes alone. */
  readonly masks: boolean;
  /** Where given, attention stays within squares of so many patches, but for the blocks that are named. */
  readonly windows: { readonly side: number; readonly globalBlocks: readonly number[] } | null;
  /** Whether attention has learned biases by distance. */
  readonly relativePositions: boolean;
}

/** The levels of its pyramid, the finest first. */
export function levelsOf({ imageSize, encoder, finest }: DetectorShape): PyramidLevel[] {
  return pyramidLevels({ imageSize, patchSize: encoder.patchSize, finest });
}

/** All parts in one scope. Parameters of masks are made only where there are masks. */
function detector(scope: ParameterScope, shape: DetectorShape) {
  const { encoder, imageSize, channels, pyramid, finest } = shape;
  const { width, depth, patchSize } = encoder;
  const side = Math.ceil(imageSize / patchSize);
  const encode = denseEncoder(scope, encoder, {
    taps: pyramid === "fpn" ? pyramidTaps(depth) : [depth - 1],
    ...(shape.windows && { windows: shape.windows }),
    ...(shape.relativePositions && { relativeTo: { rows: side, columns: side } }),
    finalNorm: pyramid === "simple",
  });
  const build = pyramid === "fpn" ? topDownPyramid : simplePyramid;
  const toLevels = build(scope.in("pyramid"), { width, channels, finest });
  return {
    levels: (images: Tensor, branchScales?: Tensor) => toLevels(encode(images, branchScales)),
    propose: proposalHead(scope.in("proposal_head"), channels, shape.proposalConvolutions),
    box: boxHead(scope.in("box_head"), shape),
    mask: shape.masks ? maskHead(scope.in("mask_head"), shape) : undefined,
  };
}

/** How much a step learns from. */
export interface DetectorSampling {
  /** Anchors of an image that its proposals are taught with. */
  readonly anchors: number;
  /** Regions of an image; at most a quarter of them show objects, and these come first. */
  readonly regions: number;
  /** Below this difference the losses of boxes are quadratic; 0 for nowhere. */
  readonly boxBeta: number;
  readonly dropPath: number;
}

/** Of the regions of an image, how many may show objects. */
export function objectSlots(regions: number): number {
  return Math.max(1, Math.floor(regions / 4));
}

/** A detector as it is trained. */
export interface DetectorInTraining {
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly Parameter[];
  /** What is proposed for a micro-batch of the same images: `objectness` [batch, anchors] and `deltas` [batch, anchors, 4]. */
  readonly proposals: Program;
}

/**
 * One micro-batch. Inputs: `images` uint8 [batch, imageSize, imageSize, channels]; with drop path, `branchScales` [batch, depth, 2];
 * of the n anchors that were sampled, `anchorIndex` int32, `anchorLabel` and `anchorWeight` [batch, n], `anchorDeltas`
 * [batch, n, 4]; of the m regions, `regions` [batch, m, 4], `regionLevel` and `regionClass` int32, `regionWeight` [batch, m],
 * `regionDeltas` [batch, m, 4]; and of the first of them, `maskTarget` uint8 [batch, objectSlots, 28, 28] and `maskWeight`.
 */
export function detectorInTraining(
  shape: DetectorShape,
  batch: number,
  normalization: Normalization,
  { anchors, regions, boxBeta, dropPath }: DetectorSampling,
): DetectorInTraining {
  const { imageSize, encoder } = shape;
  const scope = new ParameterScope();
  const { levels: pyramid, propose, box, mask } = detector(scope, shape);
  const images = input("images", [batch, imageSize, imageSize, channelsOf(encoder)], "uint8");
  const branchScales = dropPath > 0 ? input("branchScales", [batch, encoder.depth, 2]) : undefined;
  const maps = pyramid(normalizePixels(images, normalization), branchScales);
  const proposed = propose(maps);
  const ofAnchors = proposalLosses(
    proposed,
    {
      index: input("anchorIndex", [batch, anchors], "int32"),
      label: input("anchorLabel", [batch, anchors]),
      weight: input("anchorWeight", [batch, anchors]),
      deltas: input("anchorDeltas", [batch, anchors, 4]),
    },
    boxBeta,
  );

  const edges = input("regions", [batch, regions, 4]);
  const levelOf = input("regionLevel", [batch, regions], "int32");
  const classes = input("regionClass", [batch, regions], "int32");
  const count = batch * regions;
  const read = regionLevels(levelsOf(shape));
  const ofRegions = regionLosses(
    box.read(regionFeatures(maps, read, edges, levelOf, box.side)),
    {
      classes: classes.reshape([count]),
      weight: input("regionWeight", [batch, regions]).reshape([count]),
      deltas: input("regionDeltas", [batch, regions, 4]).reshape([count, 4]),
    },
    boxBeta,
  );
  const ofMasks = mask && masksLoss();
  const terms = [
    ofAnchors.objectness,
    ofAnchors.boxes,
    ofRegions.classes,
    ofRegions.boxes,
    ...(ofMasks ? [ofMasks] : []),
  ];
  return {
    loss: terms.reduce((sum, term) => sum.add(term)),
    metrics: {
      objectness: ofAnchors.objectness,
      proposalBoxes: ofAnchors.boxes,
      classes: ofRegions.classes,
      boxes: ofRegions.boxes,
      ...(ofMasks && { masks: ofMasks }),
      regionAccuracy: ofRegions.accuracy,
    },
    parameters: scope.parameters,
    proposals: defineProgram("proposals", { objectness: proposed.objectness, deltas: proposed.deltas }),
  };

  /** Of the regions that may show objects. */
  function masksLoss(): Tensor {
    const slots = objectSlots(regions);
    const first = (tensor: Tensor) => tensor.slice(1, 0, slots);
    const features = regionFeatures(maps, read, first(edges), first(levelOf), mask!.side);
    return maskLoss(
      mask!.read(features),
      first(classes).reshape([batch * slots]),
      input("maskTarget", [batch, slots, MASK_SIDE, MASK_SIDE], "uint8").reshape([batch * slots, MASK_SIDE, MASK_SIDE]),
      input("maskWeight", [batch, slots]).reshape([batch * slots]),
    );
  }
}

/** How many regions a trained detector looks at together. */
export interface DetectorCounts {
  readonly images: number;
  /** Regions of an image for their classes. */
  readonly regions: number;
  /** Regions of an image for their masks. */
  readonly masks: number;
}

/** The programs of a trained detector, one after the other; what lies between is decided on the host. */
export interface FrozenDetector {
  /** Outputs `objectness`, `deltas`, and `level0`, `level1`, ...: the maps that regions are read from. */
  readonly propose: Program;
  /** From these maps, `regions` and `regionLevel`: `scores` [images * regions, classes + 1] as shares, and `deltas`. */
  readonly classify: Program;
  /** Likewise, and `regionClass`: `masks` [images * masks, 28, 28] as shares. */
  readonly mask: Program | undefined;
  readonly parameters: readonly Parameter[];
}

/** `normalize` makes what the encoder sees of the input `images`. */
export function frozenDetector(
  shape: DetectorShape,
  normalization: Normalization,
  counts: DetectorCounts,
): FrozenDetector {
  const { imageSize, encoder, channels, classes } = shape;
  const { images: batch } = counts;
  const scope = new ParameterScope();
  const { levels: pyramid, propose, box, mask } = detector(scope, shape);
  const images = input("images", [batch, imageSize, imageSize, channelsOf(encoder)], "uint8");
  const maps = pyramid(normalizePixels(images, normalization));
  const read = regionLevels(levelsOf(shape));
  const given = read.map(({ side }, level) => input(`level${level}`, [batch, channels, side, side]));
  const featuresOf = (count: number, side: number) => {
    const edges = input("regions", [batch, count, 4]);
    return regionFeatures(given, read, edges, input("regionLevel", [batch, count], "int32"), side);
  };
  const { scores, deltas } = box.read(featuresOf(counts.regions, box.side));
  const shares = (logits: Tensor, rows: number) =>
    logits
      .mul(input("regionClass", [rows], "int32").oneHot(classes).reshape([rows, classes, 1, 1]))
      .sum([1])
      .sigmoid();
  return {
    propose: defineProgram("propose", {
      ...propose(maps),
      ...Object.fromEntries(read.map((_, level) => [`level${level}`, maps[level]!])),
    }),
    classify: defineProgram("classify", { scores: scores.softmax(), deltas }),
    mask:
      mask &&
      defineProgram("mask", { masks: shares(mask.read(featuresOf(counts.masks, mask.side)), batch * counts.masks) }),
    parameters: scope.parameters,
  };
}
