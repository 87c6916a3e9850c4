// Loss, gradients and reconstructions for weights, images and a plan of the caller's own: for comparison with other code.

import { type Engine, openEngine } from "../engine/index.js";
import { input } from "../graph/index.js";
import { imageShape, type ModelShape } from "../nn/presets.js";
import { gradientName, gradientProgram } from "../optim/gradient-program.js";
import { pretextModel, reconstructionProgram } from "./pretext-program.js";
import { createMethod, type MethodChoice } from "./registry.js";

/** All that a pretext task computes from; nothing is drawn. */
export interface PretextInputs {
  readonly shape: ModelShape;
  readonly method: MethodChoice;
  /** Every parameter by its name, row by row. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /** Normalised images [batch, channels, height, width], as PyTorch has them. */
  readonly images: Float32Array;
  readonly batch: number;
  /** MAE: the kept patches [batch, kept]. Mixing: which image of its group supplies each patch [groups, patches]. */
  readonly plan: Int32Array;
}

/** All that a pretext task computes. */
export interface PretextResult {
  readonly loss: number;
  /** `reconstruction`, `featureSpread` and, where the method has them, `contrastive` and `topkPrecision` (by block). */
  readonly metrics: Readonly<Record<string, Float32Array>>;
  readonly gradients: Readonly<Record<string, Float32Array>>;
  /** The decoder's output for each image [batch, patches, patchSize * patchSize * channels]. */
  readonly prediction: Float32Array;
}

/** Runs a method once, forward and backward, and returns all that it computes. Nothing is drawn at random. */
export async function evaluatePretext(inputs: PretextInputs, engine: Engine = openEngine()): Promise<PretextResult> {
  const { shape, batch, images, plan } = inputs;
  const [, height, width, channels] = imageShape(shape, batch);
  const method = createMethod(inputs.method, shape);
  const model = pretextModel(method, input("images", [batch, channels, height, width]).transpose([0, 2, 3, 1]));
  const arrays = { ...inputs.parameters, images, [method.planName]: plan };

  const step = await engine.compile(gradientProgram(method.name, model.loss, model.metrics, model.parameters));
  const { loss, ...outputs } = (await step.run(arrays)) as Record<string, Float32Array>;
  const reconstruction = await engine.compile(reconstructionProgram(model));
  const { prediction } = await reconstruction.run(pick(arrays, reconstruction.program.inputs.keys()));
  return {
    loss: loss![0]!,
    gradients: Object.fromEntries(model.parameters.map(({ name }) => [name, outputs[gradientName(name)]!])),
    metrics: pick(outputs, Object.keys(model.metrics)),
    prediction: prediction as Float32Array,
  };
}

function pick<Value>(values: Readonly<Record<string, Value>>, names: Iterable<string>): Record<string, Value> {
  return Object.fromEntries([...names].flatMap((name) => (name in values ? [[name, values[name]!]] : [])));
}
