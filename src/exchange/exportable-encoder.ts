// A pre-trained model as it is exported: with its decoder where the format has a place for one.

import { describeSize, sizeOf } from "../data/image-size.js";
import { describeModel } from "../training/model-description.js";
import {
  isPretrainingOnly,
  modelTensorShapes,
  type PretrainedModel,
  type WeightTensor,
} from "../training/pretrained.js";
import { WeightsRequestError } from "./errors.js";
import type { ExportOptions } from "./export-formats.js";
import { type ExportableModel, timmCall } from "./exportable.js";
import { huggingFaceConfig, huggingFacePreprocessor } from "./huggingface-config.js";
import { huggingFaceDecoder, huggingFaceEncoder, renamed } from "./key-map.js";
import { resizeModel } from "./resize-model.js";

/** Throws WeightsRequestError where the options do not fit the model. */
export function exportableEncoder(model: PretrainedModel, options: ExportOptions): ExportableModel {
  const { format, pool = "mean" } = options;
  const encoderOnly = options.encoderOnly === true || format === "timm" || format === "onnx";
  const sized = resizeModel(model, options.imageSize);
  const selected = selectTensors(sized, encoderOnly, format !== "huggingface");
  const { tensors, origin } = selected;
  const { width, height } = sizeOf(selected.shape.imageSize);
  if (format === "huggingface" && selected.decoder !== undefined && width !== height) {
    throw new WeightsRequestError(
      origin,
      `expected square images, which ViTMAEForPreTraining takes alone; found ${describeSize([height, width])}. Take ` +
        "--encoder-only for ViTModel, which takes both",
    );
  }
  return {
    ...{ origin, tensors },
    leftOut: [...model.tensors.keys()].filter((name) => !tensors.has(name)),
    description: describeModel(selected),
    labels: {},
    timm: timmCall(selected.shape, "num_classes=0"),
    huggingFace: () => {
      const config = huggingFaceConfig(selected, model.pretext ?? MAE_PRETEXT);
      return {
        architecture: config.architectures[0]!,
        tensors: huggingFaceTensors(selected),
        config,
        preprocessor: huggingFacePreprocessor(selected),
      };
    },
    onnx: async (version) => {
      // Loaded only here, since it brings the engine.
      const { exportEncoder } = await import("./export-onnx.js");
      return exportEncoder(selected, pool, version);
    },
  };
}

/** What MAE's authors pre-train with, for weights that come without a word on it. */
const MAE_PRETEXT = { maskRatio: 0.75, normPixels: true };

/** For ViTMAEForPreTraining or, without a decoder, ViTModel. */
function huggingFaceTensors({ tensors, decoder }: PretrainedModel): Map<string, WeightTensor> {
  return renamed(tensors, [
    { rules: huggingFaceEncoder, prefix: decoder === undefined ? "" : "vit." },
    { rules: huggingFaceDecoder, prefix: "" },
  ]);
}

/** Without what the export has no place for: the decoder, or tensors of pre-training alone. */
function selectTensors(model: PretrainedModel, encoderOnly: boolean, pretrainingOnly: boolean): PretrainedModel {
  const decoder = encoderOnly ? undefined : model.decoder;
  const wanted = modelTensorShapes({ shape: model.shape, decoder });
  const keepsOthers = pretrainingOnly && decoder !== undefined;
  const tensors = [...model.tensors].filter(([name]) => wanted.has(name) || (keepsOthers && isPretrainingOnly(name)));
  return { ...model, decoder, tensors: new Map(tensors) };
}
