// The formats that models are exported in, and their options.

import type { ImageSides } from "../data/image-size.js";
import type { Pooling } from "../heads/features.js";
import type { Warn } from "../training/newest-checkpoint.js";

/** The formats that weights can be exported to. */
export const exportFormats = ["safetensors", "timm", "huggingface", "pytorch", "onnx"] as const;
/** Names of the formats that weights can be exported to. */
export type ExportFormat = (typeof exportFormats)[number];

/** What weights are exported to. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** A file, or a folder for huggingface. */
  readonly out: string;
  readonly encoderOnly?: boolean | undefined;
  /** Of a run whose method has a teacher: the student in its place. */
  readonly student?: boolean | undefined;
  /** Resamples the position embeddings for images of this size. */
  readonly imageSize?: ImageSides | undefined;
  /** What the ONNX output `embedding` is; the mean of the patch tokens by default. */
  readonly pool?: Pooling | undefined;
  /** Whether files that are there already may be replaced; by default that is refused. */
  readonly overwrite?: boolean | undefined;
  /** Called where the run's newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}
