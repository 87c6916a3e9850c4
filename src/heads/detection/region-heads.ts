// What is said of each region: its class, how its box differs, and the mask of its object.
import { regionAlign, type Tensor } from "../../graph/index.js";
import { doubling } from "../../nn/convolutions.js";
import { normal, xavierUniform, zeros } from "../../nn/initializers.js";
import type { ParameterScope } from "../../nn/parameters.js";
import type { PyramidLevel } from "./anchors.js";
import { normalizedConvolution } from "./feature-pyramid.js";

/** Rows and columns of what boxes and masks are read from, and of a mask [He et al., "Mask R-CNN", ICCV 2017]. */
const BOX_SIDE = 7;
const MASK_INPUT_SIDE = 14;
export const MASK_SIDE = 2 * MASK_INPUT_SIDE;

/**
 * Regions [batch, n, 4] of the maps [batch, channels, ...] of a pyramid, each from its own level by `levelOf` int32 [batch, n]:
 * [batch * n, channels, side, side].
 */
export function regionFeatures(
  maps: readonly Tensor[],
  levels: readonly PyramidLevel[],
  regions: Tensor,
  levelOf: Tensor,
  side: number,
): Tensor {
  const [batch, count] = levelOf.shape as [number, number];
  const channels = maps[0]!.shape[1]!;
  const parts = levels.map(({ stride }, level) => {
    const isHere = levelOf.equal(level).cast("float32").reshape([batch, count, 1, 1, 1]);
    return regionAlign(maps[level]!, regions, { side, scale: 1 / stride }).mul(isHere);
  });
  return parts.reduce((sum, part) => sum.add(part)).reshape([batch * count, channels, side, side]);
}

/** The sizes of both heads. */
export interface RegionHeadShape {
  readonly channels: number;
  readonly classes: number;
  readonly boxConvolutions: number;
  /** Width of the hidden layer behind them. */
  readonly boxWidth: number;
  readonly maskConvolutions: number;
}

/** What a box head says of n regions. */
export interface RegionScores {
  /** Logits [n, classes + 1]; the last is that of no object. */
  readonly scores: Tensor;
  /** How the box differs if it is of a class [n, classes, 4]. */
  readonly deltas: Tensor;
}

/** Reads features of BOX_SIDE [n, channels, 7, 7]. */
export function boxHead(
  scope: ParameterScope,
  { channels, classes, boxConvolutions, boxWidth }: RegionHeadShape,
): { readonly side: number; readonly read: (features: Tensor) => RegionScores } {
  const convolve = convolutions(scope, channels, boxConvolutions);
  const inputs = channels * BOX_SIDE ** 2;
  const hidden = linearMap(scope.in("hidden"), inputs, boxWidth, xavierUniform);
  const scores = linearMap(scope.in("scores"), boxWidth, classes + 1, normal(0.01));
  const deltas = linearMap(scope.in("deltas"), boxWidth, 4 * classes, normal(0.001));
  return {
    side: BOX_SIDE,
    read(features) {
      const regions = features.shape[0]!;
      const read = hidden(convolve(features).reshape([regions, inputs])).relu();
      return { scores: scores(read), deltas: deltas(read).reshape([regions, classes, 4]) };
    },
  };
}

/** Reads features of MASK_INPUT_SIDE [n, channels, 14, 14] as logits of a mask for each class [n, classes, 28, 28]. */
export function maskHead(
  scope: ParameterScope,
  { channels, classes, maskConvolutions }: RegionHeadShape,
): { readonly side: number; readonly read: (features: Tensor) => Tensor } {
  const convolve = convolutions(scope, channels, maskConvolutions);
  const double = doubling(scope.in("double"), channels, channels);
  const weight = scope.in("masks").create("weight", [classes, channels, 1, 1], normal(0.001));
  const bias = scope.in("masks").create("bias", [classes], zeros);
  return {
    side: MASK_INPUT_SIDE,
    read: (features) => double(convolve(features)).relu().convolution(weight, bias),
  };
}

function convolutions(scope: ParameterScope, channels: number, count: number) {
  const layers = Array.from({ length: count }, (_, index) =>
    normalizedConvolution(scope.in(`conv.${index}`), channels, channels, 3),
  );
  return (features: Tensor) => layers.reduce((x, layer) => layer(x).relu(), features);
}

function linearMap(scope: ParameterScope, inputs: number, outputs: number, initialize: typeof xavierUniform) {
  const weight = scope.create("weight", [outputs, inputs], initialize);
  const bias = scope.create("bias", [outputs], zeros);
  return (x: Tensor) => x.linear(weight, bias);
}
