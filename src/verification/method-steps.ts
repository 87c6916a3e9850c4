// The step of each method on a small model and random images: all that is differentiated, as one program with its inputs.
import { type PretrainConfig, settleConfig } from "../config/config.js";
import type { BatchViews } from "../data/index.js";
import { type Program, sizeOf, type TypedArray } from "../graph/index.js";
import { type MethodName, methodOf } from "../methods/registry.js";
import { imageShape } from "../nn/presets.js";
import { gradientProgram } from "../optim/gradient-program.js";
import { initialValues } from "../optim/initial-values.js";
import { randomStream } from "../random/index.js";

/** What is computed, on what. */
export interface MethodStep {
  readonly program: Program;
  readonly inputs: Readonly<Record<string, TypedArray>>;
}

const IMAGES = 8;
const SEED = 0;

/** Loss, metrics and all gradients of a method, for one batch. */
export function methodStep(method: MethodName): MethodStep {
  const schedule = { batchSize: IMAGES, microBatch: IMAGES, steps: 1, epochs: null };
  const config = settleConfig({ method, source: "images", model: { preset: "nano", depth: 2 }, schedule });
  const { loss, metrics, parameters } = methodOf(config).pretext(config, IMAGES);
  const program = gradientProgram(method, loss, metrics, parameters);
  const teacher = methodOf(config).teacherPrefix;
  const weights = parameters.flatMap((parameter) => {
    const values = initialValues(parameter, SEED);
    return [[parameter.name, values] as const, ...(teacher ? [[`${teacher}${parameter.name}`, values] as const] : [])];
  });
  const given = { ...Object.fromEntries(weights), ...batchInputs(config) };
  const inputs = [...program.inputs].map(([name, { shape }]) => {
    // What a method holds beside weights, its teacher's centres and temperature, is as good as any at one.
    return [name, given[name] ?? new Float32Array(sizeOf(shape)).fill(1)] as const;
  });
  return { program, inputs: Object.fromEntries(inputs) };
}

/** Random images in the views that a method asks for, and what it draws for them. */
export function batchInputs(config: PretrainConfig): Readonly<Record<string, TypedArray>> {
  const method = methodOf(config);
  const { batchSize } = config.schedule;
  const stream = randomStream(SEED, "pixels", 0, 0);
  const views = method.views(config).map(({ name, count = 1, imageSize = config.model.imageSize }): BatchViews => {
    const length = count * sizeOf(imageShape({ ...config.model, imageSize }, batchSize));
    return { name, count, imageSize, pixels: Uint8Array.from({ length }, () => stream.integer(256)) };
  });
  const drawn = method.draw(config, batchSize, { seed: SEED, step: 1, epoch: 0, firstImage: 0 });
  return { ...method.inputs(views), ...drawn };
}
