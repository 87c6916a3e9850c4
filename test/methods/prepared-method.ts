// A method on a tiny model, compiled once, with random weights, images and plan.

import { compile } from "#src/engine/index.js";
import type { TypedArray } from "#src/graph/index.js";
import { input } from "#src/graph/index.js";
import { type PretextModel, pretextModel, reconstructionProgram } from "#src/methods/pretext-program.js";
import type { ReconstructionTask } from "#src/methods/reconstruction-task.js";
import { createMethod, type MethodChoice } from "#src/methods/registry.js";
import type { ModelShape } from "#src/nn/presets.js";
import { gradientName, gradientProgram } from "#src/optim/gradient-program.js";
import { randomStream } from "#src/random/index.js";
import { randomValues } from "../nn/evaluate.js";

/** 16 patches of 2 x 2 pixels. */
export const tinyShape = {
  imageSize: 8,
  patchSize: 2,
  width: 12,
  depth: 2,
  heads: 2,
  mlpRatio: 2,
  decoderWidth: 8,
  decoderDepth: 1,
  decoderHeads: 2,
} satisfies ModelShape;

export const patchesPerImage = 16;

export interface Values {
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** [batch, height, width, 3]. */
  readonly images: Float32Array;
  readonly plan: Int32Array;
}

export interface PreparedMethod {
  readonly method: ReconstructionTask;
  readonly model: PretextModel;
  /** Random values, the same for the same seed. */
  readonly start: Values;
  /** The decoder's output [batch, patches, n], and the loss. */
  reconstruct(values: Values): Promise<{ readonly loss: number; readonly prediction: Float32Array }>;
  /** Loss, metrics and gradients, by name. */
  differentiate(values: Values): Promise<{
    readonly loss: number;
    readonly metrics: Readonly<Record<string, Float32Array>>;
    readonly gradients: Readonly<Record<string, Float32Array>>;
  }>;
}

export async function prepareMethod(choice: MethodChoice, batch: number, seed = 1): Promise<PreparedMethod> {
  const method = createMethod(choice, tinyShape);
  const { imageSize } = tinyShape;
  const model = pretextModel(method, input("images", [batch, imageSize, imageSize, 3]));
  const reconstruction = await compile(reconstructionProgram(model), { threads: 1 });
  const step = await compile(gradientProgram(method.name, model.loss, model.metrics, model.parameters), { threads: 1 });
  const plan = Array.from({ length: batch / method.groupSize }, (_, row) => [
    ...method.drawPlanRow(randomStream(seed, "plan", 0, row), 1),
  ]);
  const start: Values = {
    weights: Object.fromEntries(
      model.parameters.map(({ name, tensor, initialize }) => {
        const noise = randomValues(name, tensor.size, seed, 0.1);
        return [name, initialize(tensor.shape, randomStream(seed, name, 0, 0)).map((value, i) => value + noise[i]!)];
      }),
    ),
    images: randomValues("images", batch * imageSize ** 2 * 3, seed),
    plan: Int32Array.from(plan.flat()),
  };
  const arrays = ({ weights, images, plan }: Values): Record<string, TypedArray> => ({
    ...weights,
    images,
    [method.planName]: plan,
  });
  return {
    method,
    model,
    start,
    async reconstruct(values) {
      const all = arrays(values);
      const needed = [...reconstruction.program.inputs.keys()].map((name) => [name, all[name]!]);
      const { loss, prediction } = await reconstruction.run(Object.fromEntries(needed));
      return { loss: Number(loss![0]), prediction: prediction as Float32Array };
    },
    async differentiate(values) {
      const results = (await step.run(arrays(values))) as Record<string, Float32Array>;
      return {
        loss: results.loss![0]!,
        metrics: Object.fromEntries(Object.keys(model.metrics).map((name) => [name, results[name]!])),
        gradients: Object.fromEntries(model.parameters.map(({ name }) => [name, results[gradientName(name)]!])),
      };
    },
  };
}

/** Images with other pixels at the patches for which `changed` holds. */
export function changePatches(images: Float32Array, changed: (image: number, patch: number) => boolean): Float32Array {
  const { imageSize, patchSize } = tinyShape;
  const grid = imageSize / patchSize;
  return images.map((value, place) => {
    const pixel = Math.floor(place / 3);
    const [x, y] = [pixel % imageSize, Math.floor(pixel / imageSize) % imageSize];
    const patch = Math.floor(y / patchSize) * grid + Math.floor(x / patchSize);
    return changed(Math.floor(pixel / imageSize ** 2), patch) ? -3 * value + 1 : value;
  });
}

/** The part of a prediction [batch, patches, n] that is of one image. */
export function predictionOf(prediction: Float32Array, image: number, batch: number): Float32Array {
  const size = prediction.length / batch;
  return prediction.subarray(image * size, (image + 1) * size);
}

/** The mean squared error of predicted patches against normalised pixels, over the patches that `hidden` names. */
export function directLoss(
  prediction: Float32Array,
  images: Float32Array,
  batch: number,
  hidden: (image: number, patch: number) => boolean,
): number {
  const { imageSize, patchSize } = tinyShape;
  const grid = imageSize / patchSize;
  const n = 3 * patchSize ** 2;
  let [sum, count] = [0, 0];
  for (let image = 0; image < batch; image++) {
    for (let patch = 0; patch < patchesPerImage; patch++) {
      if (!hidden(image, patch)) continue;
      const pixels = Array.from({ length: n }, (_, within) => {
        const [row, column] = [Math.floor(within / (3 * patchSize)), Math.floor(within / 3) % patchSize];
        const [y, x] = [Math.floor(patch / grid) * patchSize + row, (patch % grid) * patchSize + column];
        return images[((image * imageSize + y) * imageSize + x) * 3 + (within % 3)]!;
      });
      const mean = pixels.reduce((total, value) => total + value, 0) / n;
      const variance = pixels.reduce((total, value) => total + (value - mean) ** 2, 0) / (n - 1);
      for (const [within, value] of pixels.entries()) {
        const target = (value - mean) / Math.sqrt(variance + 1e-6);
        sum += (prediction[(image * patchesPerImage + patch) * n + within]! - target) ** 2;
        count += 1;
      }
    }
  }
  return sum / count;
}
