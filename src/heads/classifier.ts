// The classifier that is fine-tuned: a vision transformer, its tokens pooled, and a linear map to classes.
import { input, type Tensor } from "../graph/index.js";
import { normal, zeros } from "../nn/initializers.js";
import type { Parameter, ParameterScope } from "../nn/parameters.js";
import { type Normalization, normalizePixels } from "../nn/pixels.js";
import { type EncoderShape, imageShape } from "../nn/presets.js";
import { layerDecayScale } from "../optim/layer-decay.js";
import { type NormPlace, type Pooling, pooledEncoder } from "./features.js";

/** An encoder, what the head sees of it, and the number of classes. */
export interface ClassifierShape {
  readonly encoder: EncoderShape;
  readonly classes: number;
  /** mean: a norm of its own after the mean of the patch tokens, as MAE has it; cls: the CLS token after the final norm. */
  readonly pooling: Pooling;
}

/** Normalised images [batch, height, width, channels] to scores [batch, classes]. */
export type Classifier = (images: Tensor, branchScales?: Tensor) => Tensor;

/** MAE's: so small that training begins with equal scores. */
const HEAD_DEVIATION = 2e-5;

/** Parameters have timm's names: those of the encoder, `fc_norm` where the mean is pooled, and `head`. */
export function classifier(scope: ParameterScope, { encoder, classes, pooling }: ClassifierShape): Classifier {
  const encode = pooledEncoder(scope, { shape: encoder, normPlace: normPlaceOf(pooling) });
  const head = scope.in("head");
  const weight = head.create("weight", [classes, encoder.width], normal(HEAD_DEVIATION));
  const bias = head.create("bias", [classes], zeros);

  return (images, branchScales) => encode(images, branchScales)[pooling].linear(weight, bias);
}

/** Where the encoder of a classifier has its final norm. */
export function normPlaceOf(pooling: Pooling): NormPlace {
  return pooling === "mean" ? "mean" : "tokens";
}

/** Parameters as fine-tuning treats them: layer-wise rates; vectors, positions and CLS do not decay [MAE]. */
export function fineTuned(parameters: readonly Parameter[], depth: number, layerDecay: number) {
  return parameters.map(({ name, tensor, decay }) => ({
    name,
    tensor,
    decay: decay && name !== "cls_token",
    learningRateScale: layerDecayScale(name, depth, layerDecay),
  }));
}

export interface ClassifierInputs {
  /** Whether two images are mixed: then the program also takes `partners` and `shares`. */
  readonly mixed: boolean;
  /** Whether it takes `branchScales`. */
  readonly dropPath: boolean;
}

/**
 * Scores of a batch in training. Inputs: `images` [batch, size, size, channels] uint8; where images are mixed, `partners` alike
 * and `shares` [batch, size, size, 1], how much of each pixel is the image's own; `branchScales` [batch, depth, 2].
 */
export function trainingScores(
  classify: Classifier,
  { encoder }: ClassifierShape,
  batch: number,
  normalization: Normalization,
  { mixed, dropPath }: ClassifierInputs,
): Tensor {
  const { depth } = encoder;
  const [, height, width] = imageShape(encoder, batch);
  const pixels = (name: string) => normalizePixels(input(name, imageShape(encoder, batch), "uint8"), normalization);
  const images = pixels("images");
  const shares = mixed ? input("shares", [batch, height, width, 1]) : undefined;
  const partners = mixed ? pixels("partners") : undefined;
  const shown = shares && partners ? partners.add(images.sub(partners).mul(shares)) : images;
  return classify(shown, dropPath ? input("branchScales", [batch, depth, 2]) : undefined);
}
