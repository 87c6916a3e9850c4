// The training steps that are measured: two plain transformers, and MAE and MixedAE at the paper's size.

import type { TypedArray } from "#src/graph/index.js";
import { input, type Tensor } from "#src/graph/index.js";
import { pretextModel } from "#src/methods/pretext-program.js";
import type { ReconstructionTask } from "#src/methods/reconstruction-task.js";
import { createMethod, methodDefaults } from "#src/methods/registry.js";
import { blocks } from "#src/nn/block.js";
import { type Parameter, ParameterScope } from "#src/nn/parameters.js";
import { normalizePixels } from "#src/nn/pixels.js";
import { imageShape, imageValues, type ModelShape, modelPresets } from "#src/nn/presets.js";
import { randomStream } from "#src/random/index.js";

export interface Workload {
  readonly name: string;
  readonly microBatches: number;
  /** Builds the model for one micro-batch. */
  build(): { loss: Tensor; metrics: Record<string, Tensor>; parameters: readonly Parameter[] };
  /** The program's data inputs for a whole batch. */
  inputs(): Record<string, TypedArray>;
  /** The same step for bench/torch_step.py. */
  readonly torch: Readonly<Record<string, unknown>>;
}

/** Pre-norm blocks on random tokens against a random target. */
function plainTransformer(width: number, heads: number, batch: number, microBatches: number): Workload {
  const [depth, tokens] = [12, 64];
  const shape = [tokens, batch / microBatches, width];
  return {
    name: `ViT ${width}x${depth}, ${batch} x ${tokens} tokens`,
    microBatches,
    build() {
      const scope = new ParameterScope();
      const layers = blocks(scope, "blocks", depth, { width, heads, mlpRatio: 4 });
      const error = layers.reduce((x, layer) => layer(x), input("tokens", shape)).sub(input("target", shape));
      return { loss: error.mul(error).mean(), metrics: {}, parameters: scope.parameters };
    },
    inputs: () => ({
      tokens: noise(tokens * batch * width, "tokens"),
      target: noise(tokens * batch * width, "target"),
    }),
    torch: { kind: "vit", batch, tokens, width, depth, heads },
  };
}

const CLEAN_IMAGES = 16;

function pretext(
  name: string,
  shape: ModelShape,
  method: ReconstructionTask,
  torch: Record<string, unknown>,
): Workload {
  return {
    name,
    microBatches: 1,
    build() {
      const images = input("images", imageShape(shape, CLEAN_IMAGES), "uint8");
      return pretextModel(method, normalizePixels(images, { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }));
    },
    inputs() {
      const stream = randomStream(0, "images", 0, 0);
      const images = Uint8Array.from({ length: CLEAN_IMAGES * imageValues(shape) }, () => stream.integer(256));
      const rows = Array.from({ length: CLEAN_IMAGES / method.groupSize }, (_, row) => [
        ...method.drawPlanRow(randomStream(0, "plan", 0, row), 1),
      ]);
      return { images, [method.planName]: Int32Array.from(rows.flat()) };
    },
    torch: { batch: CLEAN_IMAGES, ...shape, ...torch },
  };
}

function noise(length: number, name: string): Float32Array {
  const stream = randomStream(0, name, 0, 0);
  return Float32Array.from({ length }, () => stream.normal());
}

const base = modelPresets.base;
const { mixingRatio, ...switches } = methodDefaults.mixedae;

export const workloads: readonly Workload[] = [
  plainTransformer(192, 3, 64, 8),
  plainTransformer(384, 6, 32, 4),
  pretext("MAE ViT-Base/16 at 224, 16 images", base, createMethod({ name: "mae", options: methodDefaults.mae }, base), {
    kind: "mae",
    maskRatio: 0.75,
  }),
  pretext(
    "MixedAE ViT-Base/16 at 224, 16 images",
    base,
    createMethod({ name: "mixedae", options: methodDefaults.mixedae }, base),
    { kind: "mixedae", ...switches, groupSize: Math.round(1 / mixingRatio) },
  ),
];
