// Loss, gradients and reconstructions for weights, images and a plan of the caller's own: for comparison with other code.
import { input } from "../graph/index.js";
import type { ModelShape } from "../nn/presets.js";
import { type CompileOptions, compile } from "../runtime/index.js";
import { GRADIENT_PREFIX, pretextPrograms } from "./pretext-program.js";
import { createMethod, type MethodChoice } from "./registry.js";

export interface PretextInputs {
  readonly shape: ModelShape;
  readonly method: MethodChoice;
  /** Every parameter by its name, row by row. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /** Normalised images [batch, 3, height, width], as PyTorch has them. */
  readonly images: Float32Array;
  readonly batch: number;
  /** MAE: the kept patches [batch, kept]. Mixing: which image of its group supplies each patch [groups, patches]. */
  readonly plan: Int32Array;
}

export interface PretextResult {
  readonly loss: number;
  /** `reconstruction`, `featureSpread` and, where the method has them, `contrastive` and `topkPrecision` (by block). */
  readonly metrics: Readonly<Record<string, Float32Array>>;
  readonly gradients: Readonly<Record<string, Float32Array>>;
  /** The decoder's output for each image [batch, patches, patchSize * patchSize * 3]. */
  readonly prediction: Float32Array;
}

/** Runs a method once, forward and backward, and returns all that it computes. Nothing is drawn at random. */
export async function evaluatePretext(inputs: PretextInputs, options: CompileOptions = {}): Promise<PretextResult> {
  const { shape, batch, images, plan, parameters } = inputs;
  const { imageSize } = shape;
  const method = createMethod(inputs.method, shape);
  const nchw = input("images", [batch, 3, imageSize, imageSize]);
  const programs = pretextPrograms(method, nchw.transpose([0, 2, 3, 1]));
  const arrays = { ...parameters, images, [method.planName]: plan };

  const step = await (await compile(programs.step, options)).run(arrays);
  const reconstruction = await compile(programs.reconstruction, options);
  const { prediction } = await reconstruction.run(pick(arrays, reconstruction.program.inputs.keys()));
  const floats = Object.entries(step) as [string, Float32Array][];
  const gradients = floats.filter(([name]) => name.startsWith(GRADIENT_PREFIX));
  const metrics = floats.filter(([name]) => !name.startsWith(GRADIENT_PREFIX) && name !== "loss");
  return {
    loss: step.loss![0] as number,
    gradients: Object.fromEntries(gradients.map(([name, values]) => [name.slice(GRADIENT_PREFIX.length), values])),
    metrics: Object.fromEntries(metrics),
    prediction: prediction as Float32Array,
  };
}

function pick<Value>(values: Readonly<Record<string, Value>>, names: Iterable<string>): Record<string, Value> {
  return Object.fromEntries([...names].flatMap((name) => (name in values ? [[name, values[name]!]] : [])));
}
