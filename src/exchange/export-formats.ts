// The formats that models are exported in, and their options.

import type { Pooling } from "../tasks/features.js";

export const exportFormats = ["safetensors", "timm", "huggingface", "pytorch", "onnx"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** A file, or a folder for huggingface. */
  readonly out: string;
  readonly encoderOnly?: boolean | undefined;
  /** Of a run of iBOT: the student in place of the teacher. */
  readonly student?: boolean | undefined;
  /** Resamples the position embeddings for images of this size. */
  readonly imageSize?: number | undefined;
  /** What the ONNX output `embedding` is; the mean of the patch tokens by default. */
  readonly pool?: Pooling | undefined;
}
