// UPerNet on a plain vision transformer: maps of several scales, pyramid pooling, and a pyramid put together from the top
// [Xiao et al., "Unified Perceptual Parsing for Scene Understanding", ECCV 2018; the neck as in BEiT and MAE's recipes].
import { concat, type Tensor } from "../graph/index.js";
import type { ChannelNorms } from "../nn/channel-norms.js";
import { convolutionUnit, doubling } from "../nn/convolutions.js";
import { normal, zeros } from "../nn/initializers.js";
import type { ParameterScope } from "../nn/parameters.js";

/** The sizes of the head. */
export interface UperNetShape {
  /** Channels of the encoder's maps. */
  readonly width: number;
  readonly classes: number;
  /** Channels of the head; 512 in the literature. */
  readonly channels: number;
  /** Channels of the auxiliary head; 256 in the literature. */
  readonly auxiliaryChannels: number;
}

/** Scores of classes at the sizes at which they are computed. */
export interface ClassMaps {
  /** [batch, classes, rows, columns]. */
  readonly scores: Tensor;
  /** Those of an auxiliary head, which only training needs. */
  readonly auxiliary?: Tensor;
}

/** Sides of the grids that pyramid pooling averages over. */
const POOL_SIDES = [1, 2, 3, 6];
/** The level that the auxiliary head sees: the encoder's own scale. */
const AUXILIARY_LEVEL = 2;

/**
 * Four maps of the encoder [batch, width, rows, columns], the deepest last, to scores at four times their size.
 * `dropout` [batch, channels, 1, 1], where it is given, multiplies what the classes are read from: whole channels are
 * dropped. The parameters of the auxiliary head are made only where `auxiliary` is true.
 */
export function uperNet(
  scope: ParameterScope,
  norms: ChannelNorms,
  { width, classes, channels, auxiliaryChannels }: UperNetShape,
  auxiliary: boolean,
): (maps: readonly Tensor[], dropout?: Tensor) => ClassMaps {
  const toPyramid = neck(scope.in("neck"), norms, width);
  const head = scope.in("decode_head");
  const pool = pyramidPooling(head.in("pyramid_pooling"), norms, width, channels);
  const laterals = [0, 1, 2].map((level) => convolutionUnit(head.in(`laterals.${level}`), norms, width, channels, 1));
  const smoothing = [0, 1, 2].map((level) =>
    convolutionUnit(head.in(`pyramid.${level}`), norms, channels, channels, 3),
  );
  const fuse = convolutionUnit(head.in("fusion"), norms, 4 * channels, channels, 3);
  const classify = classifierMap(head.in("classifier"), channels, classes);
  const auxiliaryHead = auxiliary
    ? fullyConvolutional(scope.in("auxiliary_head"), norms, width, auxiliaryChannels, classes)
    : undefined;

  return (maps, dropout) => {
    const levels = toPyramid(maps);
    const merged = [...laterals.map((lateral, level) => lateral(levels[level]!)), pool(levels[3]!)];
    for (let level = 2; level >= 0; level--) {
      const below = merged[level]!;
      merged[level] = below.add(resizedTo(merged[level + 1]!, below));
    }
    const smoothed = [...smoothing.map((smooth, level) => smooth(merged[level]!)), merged[3]!];
    const largest = smoothed[0]!;
    const fused = fuse(
      concat(
        smoothed.map((map) => resizedTo(map, largest)),
        1,
      ),
    );
    return {
      scores: classify(dropout ? fused.mul(dropout) : fused),
      ...(auxiliaryHead && { auxiliary: auxiliaryHead(levels[AUXILIARY_LEVEL]!) }),
    };
  };
}

/** A light head: one linear map from each place of the deepest map to classes. */
export function linearSegmentation(scope: ParameterScope, width: number, classes: number) {
  const classify = classifierMap(scope.in("decode_head").in("classifier"), width, classes);
  return (maps: readonly Tensor[], dropout?: Tensor): ClassMaps => {
    const deepest = maps.at(-1)!;
    return { scores: classify(dropout ? deepest.mul(dropout) : deepest) };
  };
}

/** Maps of one scale to four, of 4, 2, 1 and 1/2 times the size. */
function neck(scope: ParameterScope, norms: ChannelNorms, width: number) {
  const first = scope.in("quadruple");
  const double = doubling(first.in("0"), width, width);
  const normalize = norms.layer(first.in("1"), width);
  const doubleAgain = doubling(first.in("3"), width, width);
  const doubleSecond = doubling(scope.in("double"), width, width);
  return ([a, b, c, d]: readonly Tensor[]): Tensor[] => [
    doubleAgain(normalize(double(a!)).gelu()),
    doubleSecond(b!),
    c!,
    halved(d!),
  ];
}

/** A map of one row or column has nothing to be halved. */
function halved(map: Tensor): Tensor {
  const [rows, columns] = map.shape.slice(2) as [number, number];
  return rows < 2 || columns < 2 ? map : map.maxPool(2);
}

/** The map itself and its means over coarse grids, side by side, and a convolution over all of them. */
function pyramidPooling(scope: ParameterScope, norms: ChannelNorms, width: number, channels: number) {
  const reduced = POOL_SIDES.map((_, index) => convolutionUnit(scope.in(`${index}`), norms, width, channels, 1));
  const fuse = convolutionUnit(scope.in("fusion"), norms, width + POOL_SIDES.length * channels, channels, 3);
  return (map: Tensor): Tensor => {
    const pooled = reduced.map((reduce, index) => {
      const side = POOL_SIDES[index]!;
      return resizedTo(reduce(map.adaptiveMeanPool(side, side)), map);
    });
    return fuse(concat([map, ...pooled], 1));
  };
}

/** FCN: one convolution, and classes [Long et al., CVPR 2015]. */
function fullyConvolutional(
  scope: ParameterScope,
  norms: ChannelNorms,
  width: number,
  channels: number,
  classes: number,
) {
  const convolve = convolutionUnit(scope, norms, width, channels, 3);
  const classify = classifierMap(scope.in("classifier"), channels, classes);
  return (map: Tensor): Tensor => classify(convolve(map));
}

/** Normal weights of deviation 0.01: training begins with nearly equal scores. */
function classifierMap(scope: ParameterScope, channels: number, classes: number) {
  const weight = scope.create("weight", [classes, channels, 1, 1], normal(0.01));
  const bias = scope.create("bias", [classes], zeros);
  return (map: Tensor): Tensor => map.convolution(weight, bias);
}

/** Bilinear, corners not aligned. */
function resizedTo(map: Tensor, { shape }: Tensor): Tensor {
  return map.resizeBilinear(shape[2]!, shape[3]!);
}
