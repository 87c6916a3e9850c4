// The encoder that is put to use: pre-trained, or as it starts for comparison.

import { crc32 } from "node:zlib";
import { configDefaults, imageNet } from "../config/defaults.js";
import { describeSize, type ImageSides } from "../data/image-size.js";
import { checksumText } from "../files/checksum.js";
import { normPlaceOf } from "../heads/classifier.js";
import { type NormPlace, type Pooling, pooledEncoder } from "../heads/features.js";
import { ParameterScope } from "../nn/parameters.js";
import { type EncoderShape, encoderShapeOf, hasWholePatches, type ModelPreset, modelPresets } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import { initialValues } from "../optim/initial-values.js";
import { loadTrained } from "../training/fine-tuned.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { loadPretrained, type PretrainedModel } from "../training/pretrained.js";
import type { EngineRequest } from "./device.js";
import { EvaluationError } from "./errors.js";

/** Which encoder is used. */
export interface ModelRequest {
  /** A run, a checkpoint file, or "scratch" for weights that have learnt nothing. */
  readonly from: string;
  /** Of "scratch" alone: its size (default micro) and what its weights are drawn from. */
  readonly preset?: ModelPreset;
  readonly modelSeed?: number;
  /** Of "scratch" alone, in place of those of its size: as an encoder that it is compared with was pre-trained. */
  readonly imageSize?: ImageSides | undefined;
  readonly patchSize?: number | undefined;
  /** Of a run whose method has a teacher: the student in its place. */
  readonly student?: boolean;
  /** Called where a run's newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
  /** False goes on where what an evaluation keeps is more than the memory that is free; true by default. */
  readonly memoryCheck?: boolean;
}

/** What every evaluation of an encoder is asked for beside its own options. */
export type EncoderRequest = ModelRequest & EngineRequest;

/** Throws the errors of `loadPretrained`. */
export async function openModel({
  from,
  preset = "micro",
  modelSeed = 0,
  student,
  warn,
  ...sizes
}: ModelRequest): Promise<PretrainedModel> {
  return from === "scratch"
    ? scratchModel(preset, scratchShape({ preset, ...sizes }), modelSeed)
    : loadPretrained(from, { student, warn });
}

/** The shape of an encoder that has learnt nothing. Throws EvaluationError where its patches do not fill its images. */
export function scratchShape({
  preset = "micro",
  imageSize,
  patchSize,
}: Pick<ModelRequest, "preset" | "imageSize" | "patchSize">): EncoderShape {
  const own = encoderShapeOf(modelPresets[preset]);
  const shape = { ...own, imageSize: imageSize ?? own.imageSize, patchSize: patchSize ?? own.patchSize };
  if (hasWholePatches(shape)) return shape;
  throw new EvaluationError({
    expected: "an encoder from scratch whose image size is a multiple of its patch size",
    found: `images of ${describeSize(shape.imageSize)} and patches of ${shape.patchSize}`,
    remedy: "Change one of them",
  });
}

/** An encoder whose vectors are wanted: it may also be that of a fine-tuned classifier. */
export interface EmbeddingModel extends PretrainedModel {
  readonly normPlace?: NormPlace;
  /** What the head of its classifier sees; undefined for a pre-trained encoder. */
  readonly headPooling?: Pooling;
}

/** The same as `openModel`, of a fine-tuned run or checkpoint as well. */
export async function openEmbeddingModel(request: ModelRequest): Promise<EmbeddingModel> {
  const { from, student, warn } = request;
  if (from === "scratch") return openModel(request);
  const trained = await loadTrained(from, { student, warn });
  if (trained.kind === "pretrained") return trained.model;
  const { shape, model, weights, device, origin } = trained.classifier;
  return {
    ...model,
    ...{ decoder: undefined, tensors: weights, device, origin },
    ...{ normPlace: normPlaceOf(shape.pooling), headPooling: shape.pooling },
  };
}

function scratchModel(preset: ModelPreset, shape: EncoderShape, seed: number): PretrainedModel {
  const scope = new ParameterScope();
  visionTransformer(scope, shape);
  return {
    shape,
    decoder: undefined,
    normalization: imageNet,
    background: configDefaults(preset, "mae").data.background,
    tensors: new Map(
      scope.parameters.map((parameter) => [
        parameter.name,
        { shape: parameter.tensor.shape, data: initialValues(parameter, seed) },
      ]),
    ),
    origin: `scratch (${preset}, seed ${seed})`,
  };
}

/** Tells encoders apart: equal where all that decides their features is. */
export function fingerprint({ shape, normPlace, normalization, background, tensors }: EmbeddingModel): string {
  const scope = new ParameterScope();
  pooledEncoder(scope, { shape, normPlace });
  let sum = crc32(JSON.stringify([shape, normalization.mean, normalization.std, background]));
  for (const { name } of scope.parameters) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)!.data;
    sum = crc32(new Uint8Array(buffer, byteOffset, byteLength), sum);
  }
  return checksumText(sum);
}
