// Images to feature vectors: the frozen encoder as a compiled program.

import type { ImageSides } from "../data/image-size.js";
import type { Engine } from "../engine/index.js";
import type { Tensor } from "../graph/index.js";
import { layerNorm } from "../nn/layers.js";
import type { ParameterScope } from "../nn/parameters.js";
import type { Normalization } from "../nn/pixels.js";
import type { EncoderShape } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import { createImageProgram } from "./image-program.js";
import type { Weights } from "./weights.js";

/** How one vector is made of an image's tokens: the mean of the patch tokens, or the CLS token. */
export const poolings = ["mean", "cls"] as const;
/** Which vector stands for an image: the mean of its patch tokens, or the CLS token. */
export type Pooling = (typeof poolings)[number];

/** One row an image [images, width] for each pooling. */
export type Features = Readonly<Record<Pooling, Float32Array>>;

/**
 * Where an encoder's final norm stands: before the pooling, as `norm` on every token, or as `fc_norm` behind the mean of
 * the patch tokens, where fine-tuning puts it. Such an encoder's CLS token has no norm.
 */
export type NormPlace = "tokens" | "mean";

/** What the features of an encoder are made of. */
export interface PooledShape {
  readonly shape: EncoderShape;
  /** Default "tokens". */
  readonly normPlace?: NormPlace | undefined;
}

/** Normalised images [batch, height, width, channels] to a vector [batch, width] for each pooling. */
export type PooledEncoder = (images: Tensor, branchScales?: Tensor) => Readonly<Record<Pooling, Tensor>>;

/** A vision transformer whose tokens are pooled. */
export function pooledEncoder(scope: ParameterScope, { shape, normPlace = "tokens" }: PooledShape): PooledEncoder {
  const encode = visionTransformer(scope, shape, { finalNorm: normPlace === "tokens" });
  const norm = normPlace === "mean" ? layerNorm(scope.in("fc_norm"), shape.width) : undefined;
  return (images, branchScales) => {
    const { cls, patches } = encode(images, branchScales);
    const mean = patches.mean([0]);
    return { cls, mean: norm === undefined ? mean : norm(mean) };
  };
}

/** A pre-trained encoder, wherever its weights are from. */
export interface FrozenEncoder extends PooledShape {
  readonly normalization: Normalization;
  /** Weights by their official names, positions included; others are left aside. */
  readonly tensors: Weights;
}

/** A frozen encoder as a compiled program: images in, vectors out. */
export interface FeatureExtractor {
  /** The most images that one call takes. */
  readonly batch: number;
  readonly imageSize: ImageSides;
  readonly width: number;
  /** What the engine holds at its peak, weights included. */
  readonly memoryBytes: number;
  /**
   * Features of images [images, height, width, channels], after the final norm where it is. An image's features depend on its
   * pixels alone, to the last bit: not on its place or on the other images of the batch.
   */
  extract(pixels: Uint8Array): Promise<Features>;
}

/** Compiles an encoder. Throws EngineError where a weight is missing or of another shape. */
export async function createFeatureExtractor(
  { shape, normPlace, normalization, tensors }: FrozenEncoder,
  engine?: Engine,
): Promise<FeatureExtractor> {
  const { batch, imageSize, memoryBytes, run } = await createImageProgram(
    {
      name: "features",
      shape,
      normalization,
      weights: tensors,
      outputs: (scope, images) => pooledEncoder(scope, { shape, normPlace })(images),
    },
    engine,
  );
  return { batch, imageSize, width: shape.width, memoryBytes, extract: run };
}
