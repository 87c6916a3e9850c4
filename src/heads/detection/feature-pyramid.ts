// Feature pyramids on a plain vision transformer: of its last map alone, or of maps from four depths.
import type { Tensor } from "../../graph/index.js";
import { doubling } from "../../nn/convolutions.js";
import { heNormal, ones, zeros } from "../../nn/initializers.js";
import type { Layer } from "../../nn/layers.js";
import type { ParameterScope } from "../../nn/parameters.js";

/** simple: of the last map [Li et al., "Exploring Plain Vision Transformer Backbones", ECCV 2022]; fpn: of four depths, top down. */
export const pyramidKinds = ["simple", "fpn"] as const;
export type PyramidKind = (typeof pyramidKinds)[number];

/** The sizes of a pyramid. */
export interface FeaturePyramidShape {
  /** Channels of the encoder's maps. */
  readonly width: number;
  /** Channels of every level. */
  readonly channels: number;
  /** How many times the encoder's places the finest level has, each way: 4, 2 or 1. */
  readonly finest: number;
}

const EPSILON = 1e-6;

/** Normalisation over the channels of each place: `weight` and `bias` [channels]. */
export function channelNormLayer(scope: ParameterScope, channels: number): Layer {
  const weight = scope.create("weight", [channels], ones);
  const bias = scope.create("bias", [channels], zeros);
  return (map) => map.channelNorm(weight, bias, EPSILON);
}

/** Convolution without bias, and normalisation over channels: `conv` and `norm` in the scope. */
export function normalizedConvolution(scope: ParameterScope, inputs: number, outputs: number, kernel: number): Layer {
  const weight = scope.in("conv").create("weight", [outputs, inputs, kernel, kernel], heNormal);
  const normalize = channelNormLayer(scope.in("norm"), outputs);
  return (map) => normalize(map.convolution(weight, undefined, { padding: (kernel - 1) / 2 }));
}

/** Maps of the encoder [batch, width, rows, columns] to levels [batch, channels, ...], the finest first, and a coarser one last. */
export type FeaturePyramid = (maps: readonly Tensor[]) => readonly Tensor[];

/** Takes the last map alone. */
export function simplePyramid(scope: ParameterScope, { width, channels, finest }: FeaturePyramidShape): FeaturePyramid {
  const levels = scalesFrom(finest).map((scale, index) => {
    const own = scope.in(`${index}`);
    const [rescale, inputs] = rescaling(own, width, scale);
    const reduce = normalizedConvolution(own.in("lateral"), inputs, channels, 1);
    const smooth = normalizedConvolution(own.in("output"), channels, channels, 3);
    return (map: Tensor) => smooth(reduce(rescale(map)));
  });
  return (maps) => withCoarser(levels.map((level) => level(maps.at(-1)!)));
}

/** Takes four maps, each for one scale from 4 to 1/2, and adds each level to the finer one [Lin et al., CVPR 2017]. */
export function topDownPyramid(
  scope: ParameterScope,
  { width, channels, finest }: FeaturePyramidShape,
): FeaturePyramid {
  const scales = scalesFrom(finest);
  const parts = scales.map((scale, index) => {
    const own = scope.in(`${index}`);
    const [rescale, inputs] = rescaling(own, width, scale);
    return {
      reduce: normalizedConvolution(own.in("lateral"), inputs, channels, 1),
      smooth: normalizedConvolution(own.in("output"), channels, channels, 3),
      rescale,
    };
  });
  return (maps) => {
    const taken = maps.slice(-scales.length);
    const merged = parts.map(({ rescale, reduce }, index) => reduce(rescale(taken[index]!)));
    for (let level = merged.length - 2; level >= 0; level--) {
      const finer = merged[level]!;
      const [, , rows, columns] = finer.shape as [number, number, number, number];
      merged[level] = finer.add(merged[level + 1]!.resizeBilinear(rows, columns));
    }
    return withCoarser(parts.map(({ smooth }, index) => smooth(merged[index]!)));
  };
}

function scalesFrom(finest: number): number[] {
  return [4, 2, 1, 0.5].filter((scale) => scale <= finest);
}

/** The encoder's map at another scale, and the channels that it has there. */
function rescaling(scope: ParameterScope, width: number, scale: number): readonly [Layer, number] {
  if (scale === 1) return [(map) => map, width];
  if (scale < 1) return [halved, width];
  const half = Math.ceil(width / 2);
  const double = doubling(scope.in("double"), width, half);
  if (scale === 2) return [double, half];
  const quarter = Math.ceil(half / 2);
  const normalize = channelNormLayer(scope.in("norm"), half);
  const doubleAgain = doubling(scope.in("double_again"), half, quarter);
  return [(map) => doubleAgain(normalize(double(map)).gelu()), quarter];
}

/** A map of one row has nothing to be halved. */
function halved(map: Tensor): Tensor {
  return map.shape[2]! < 2 ? map : map.maxPool(2);
}

/** Every other place of the coarsest level, for the largest anchors. */
function withCoarser(levels: readonly Tensor[]): Tensor[] {
  return [...levels, levels.at(-1)!.maxPool(1, 2)];
}
