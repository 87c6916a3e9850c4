// A fine-tuned classifier as it is exported: the encoder with its head, and the names of the classes.

import type { ImageSides } from "../data/image-size.js";
import type { FineTunedClassifier } from "../training/fine-tuned.js";
import { describeModel } from "../training/model-description.js";
import { WeightsRequestError } from "./errors.js";
import type { ExportOptions } from "./export-formats.js";
import { type ExportableModel, type HuggingFaceModel, timmCall } from "./exportable.js";
import { huggingFaceClassifierConfig, huggingFacePreprocessor } from "./huggingface-config.js";
import { huggingFaceEncoder, huggingFaceHead, renamed } from "./key-map.js";
import { resizeModel } from "./resize-model.js";

/** Throws WeightsRequestError where the options do not fit a classifier. */
export function exportableClassifier(classifier: FineTunedClassifier, options: ExportOptions): ExportableModel {
  checkOptions(classifier, options);
  const sized = resizeClassifier(classifier, options.imageSize);
  const { classes, model, shape, weights, origin } = sized;
  const labels = { classes: JSON.stringify(classes) };
  const globalPool = shape.pooling === "mean" ? "avg" : "token";
  return {
    ...{ origin, tensors: weights, leftOut: [] },
    description: describeModel({ ...model, decoder: undefined }),
    labels: options.format === "timm" ? labels : { ...labels, pooling: shape.pooling },
    timm: timmCall(model.shape, `num_classes=${classes.length}, global_pool="${globalPool}"`),
    huggingFace: () => huggingFaceModel(sized),
    onnx: async (version) => {
      // Loaded only here, since it brings the engine.
      const { exportClassifier } = await import("./export-onnx.js");
      return exportClassifier(sized, version);
    },
  };
}

function checkOptions({ shape, origin }: FineTunedClassifier, { format, encoderOnly, pool }: ExportOptions): void {
  if (format === "huggingface" && shape.pooling !== "cls") {
    throw new WeightsRequestError(
      origin,
      "it was fine-tuned with the mean of the patch tokens, and ViTForImageClassification takes the CLS token alone. " +
        "Export onnx or timm, or fine-tune with --set pooling=cls",
    );
  }
  if (encoderOnly) {
    throw new WeightsRequestError(
      origin,
      "it is a fine-tuned classifier, which is exported with its head and has no decoder. Leave --encoder-only out",
    );
  }
  if (pool !== undefined) {
    throw new WeightsRequestError(
      origin,
      "it is a fine-tuned classifier: expected no --pool, since its ONNX output is logits. Leave it out",
    );
  }
}

function resizeClassifier(classifier: FineTunedClassifier, imageSize: ImageSides | undefined): FineTunedClassifier {
  const { model, weights, origin } = classifier;
  const { shape, tensors } = resizeModel({ shape: model.shape, tensors: weights, origin }, imageSize);
  return {
    ...classifier,
    shape: { ...classifier.shape, encoder: shape },
    model: { ...model, shape },
    weights: tensors,
  };
}

function huggingFaceModel({ classes, model, weights }: FineTunedClassifier): HuggingFaceModel {
  return {
    architecture: "ViTForImageClassification",
    tensors: renamed(weights, [
      { rules: huggingFaceEncoder, prefix: "vit." },
      { rules: huggingFaceHead, prefix: "" },
    ]),
    config: huggingFaceClassifierConfig(model.shape, classes),
    preprocessor: huggingFacePreprocessor(model),
  };
}
