// What a model computes of whole images, for the graph that is exported and for our own engine to compare it with.

import { openEngine } from "../engine/index.js";
import { concat, defineProgram, input, type Program, type Tensor } from "../graph/index.js";
import { classifier } from "../heads/classifier.js";
import type { Pooling } from "../heads/features.js";
import { ParameterScope } from "../nn/parameters.js";
import { normalizePixels } from "../nn/pixels.js";
import { type EncoderShape, imageShape, imageValues } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import type { FineTunedClassifier } from "../training/fine-tuned.js";
import type { PretrainedModel, WeightTensor } from "../training/pretrained.js";

/** A model as a function of images; nothing is masked or mixed. */
export interface ForwardPass {
  readonly name: string;
  /** Of the images. */
  readonly shape: Pick<EncoderShape, "imageSize" | "channels">;
  /** By the names that its program takes them under; others are left aside. */
  readonly weights: ReadonlyMap<string, WeightTensor>;
  /** Outputs of images [batch, height, width, channels] with values from 0 to 255; their first axis is the batch. */
  readonly outputs: (images: Tensor) => Readonly<Record<string, Tensor>>;
}

type Encoder = Pick<PretrainedModel, "shape" | "normalization" | "tensors">;

/**
 * `last_hidden_state` [batch, 1 + patches, width], CLS first, after the final norm, and the pooled `embedding`
 * [batch, width].
 */
export function encoderPass({ shape, normalization, tensors }: Encoder, pool: Pooling): ForwardPass {
  return {
    name: "vision-transformer-encoder",
    shape,
    weights: tensors,
    outputs: (images) => {
      const encode = visionTransformer(new ParameterScope(), shape);
      const { cls, patches } = encode(normalizePixels(images, normalization));
      const rows = cls.reshape([1, cls.shape[0]!, shape.width]);
      const tokens = concat([rows, patches], 0).transpose([1, 0, 2]);
      return { last_hidden_state: tokens, embedding: pool === "cls" ? cls : patches.mean([0]) };
    },
  };
}

/** `logits` [batch, classes], before any softmax. */
export function classifierPass({ shape, model, weights }: FineTunedClassifier): ForwardPass {
  return {
    name: "vision-transformer-classifier",
    shape: model.shape,
    weights,
    outputs: (images) => {
      const classify = classifier(new ParameterScope(), shape);
      return { logits: classify(normalizePixels(images, model.normalization)) };
    },
  };
}

/** Our own results for images [batch, height, width, channels] of bytes. Throws EngineError. */
export async function runForward(
  pass: ForwardPass,
  images: Uint8Array,
): Promise<Readonly<Record<string, Float32Array>>> {
  const { name, shape, outputs } = pass;
  const batch = images.length / imageValues(shape);
  const program = defineProgram(name, outputs(input("images", imageShape(shape, batch), "uint8")));
  const executable = await openEngine().compile(program);
  const results = await executable.run({ ...weightsOf(pass, program, "images"), images });
  return results as Record<string, Float32Array>;
}

/** The values of what a program takes beside its images. */
export function weightsOf({ weights }: ForwardPass, { inputs }: Program, images: string): Record<string, Float32Array> {
  const names = [...inputs.keys()].filter((name) => name !== images);
  return Object.fromEntries(names.map((name) => [name, weights.get(name)!.data]));
}
