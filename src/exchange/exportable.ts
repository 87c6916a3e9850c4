// A model as the writers of all formats take it, whether an encoder or a classifier.

import { sizeOf } from "../data/image-size.js";
import { channelsOf, type EncoderShape } from "../nn/presets.js";
import type { WeightTensor } from "../training/pretrained.js";
import type { OnnxExport } from "./export-onnx.js";

export interface ExportableModel {
  /** For messages, such as "runs/first, step 2000". */
  readonly origin: string;
  /** What is exported, under our names: those of the official MAE code and of timm. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Our names of what the format has no place for, or what is of pre-training alone. */
  readonly leftOut: readonly string[];
  /** As `describeModel` writes it. */
  readonly description: string;
  /** Metadata that files have beside it; empty for an encoder. */
  readonly labels: Readonly<Record<string, string>>;
  /** The Python call that makes timm's model for the tensors. */
  readonly timm: string;
  /** Throws WeightsRequestError where transformers has no class for the model. */
  readonly huggingFace: () => HuggingFaceModel;
  readonly onnx: (version: string) => Promise<OnnxExport>;
}

/** What a Hugging Face folder is made of. */
export interface HuggingFaceModel {
  /** The class that loads it. */
  readonly architecture: string;
  /** Under that class's names. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  readonly config: object;
  readonly preprocessor: object;
}

/** timm's `VisionTransformer` of a shape; `others` are further arguments. */
export function timmCall(shape: EncoderShape, others: string): string {
  const { patchSize, width, depth, heads, mlpRatio } = shape;
  const channels = channelsOf(shape);
  const { height, width: across } = sizeOf(shape.imageSize);
  const size = height === across ? height : `(${height}, ${across})`;
  const images = `img_size=${size}, patch_size=${patchSize}${channels === 3 ? "" : `, in_chans=${channels}`}`;
  return (
    `timm.models.VisionTransformer(${images}, embed_dim=${width}, ` +
    `depth=${depth}, num_heads=${heads}, mlp_ratio=${mlpRatio}, ${others})`
  );
}
