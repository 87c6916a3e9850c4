// Small trainings of iBOT and DINO with a batch, for tests.
import { type ImageSides, pixelCount } from "#src/data/index.js";
import { openEngine } from "#src/engine/index.js";
import { dinoMicroDefaults } from "#src/methods/dino/options.js";
import { dinoTask } from "#src/methods/dino/task.js";
import { viewName } from "#src/methods/distillation/crops.js";
import type { DistillationOptions } from "#src/methods/distillation/options.js";
import {
  createDistillation,
  type DistillationDefinition,
  type DistillationTraining,
} from "#src/methods/distillation/training.js";
import { ibotMicroDefaults } from "#src/methods/ibot/options.js";
import { createIbotTraining } from "#src/methods/ibot/training.js";
import { patchCount } from "#src/nn/presets.js";
import { randomStream } from "#src/random/index.js";
import { viewsOf } from "../../engine/host-memory.js";

export const batch = 4;
/** No squares: 4 x 6 patches; local crops have 2 x 3. */
export const shape = { imageSize: [16, 24] as const, patchSize: 4, width: 24, depth: 2, heads: 3, mlpRatio: 2 };
const changes = {
  localCrops: 2,
  localSize: 8,
  prototypes: 32,
  headHidden: 20,
  headBottleneck: 12,
  teacherTemperatureWarmupEpochs: 2,
  lastLayerFrozenEpochs: 1,
  parameterClipNorm: 0.4,
  dropPath: 0.2,
};
export const ibotOptions = { ...ibotMicroDefaults, ...changes };
export const dinoOptions = { ...dinoMicroDefaults, ...changes };
export const normalization = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] } as const;
export const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.04 };
export const patches = patchCount(shape);

type Changes = Partial<Omit<DistillationDefinition<DistillationOptions>, "options">> & {
  readonly options?: Partial<DistillationOptions>;
};

const definition = ({ options: _, ...changed }: Changes) => ({
  shape,
  normalization,
  optimizer,
  microBatch: batch / 2,
  microBatches: 2,
  totalSteps: 10,
  stepsPerEpoch: 1,
  engine: openEngine({ threads: 1 }),
  ...changed,
});

/** With weights that are away from zero and one, so that nothing hides behind these. */
async function started<Centre extends string>(training: DistillationTraining<Centre>) {
  for (const [name, values] of Object.entries(viewsOf(training.student.state.parameters))) {
    const stream = randomStream(3, name, 0, 0);
    const isScale = name.includes("norm") && name.endsWith("weight");
    for (let index = 0; index < values.length; index++) values[index] = (isScale ? 1 : 0) + 0.15 * stream.normal();
  }
  await training.startTeacher();
  return training;
}

function pixelsOf(step: number) {
  const stream = randomStream(5, "batch", 0, step);
  const crops = (sides: ImageSides) =>
    Uint8Array.from({ length: batch * pixelCount(sides) * 3 }, () => stream.integer(256));
  const views = {
    [viewName("global", 0)]: crops(shape.imageSize),
    [viewName("global", 1)]: crops(shape.imageSize),
    [viewName("local", 0)]: crops([changes.localSize, 12]),
    [viewName("local", 1)]: crops([changes.localSize, 12]),
  };
  // The first image hides nothing in its first crop.
  const masks = Int32Array.from({ length: batch * 2 * patches }, (_, i) => (i < patches ? 0 : stream.integer(2)));
  const branches = batch * (2 + changes.localCrops) * shape.depth * 2;
  const branchScales = Float32Array.from({ length: branches }, () => (stream.uniform() < 0.2 ? 0 : 1.25));
  return { views, masks, branchScales };
}

/** Each method: its training, a batch of it by the number of a step, and what it is to be asked of. */
export const tinyMethods = [
  {
    name: "ibot",
    losses: ["cls", "patch"],
    options: ibotOptions,
    create: async (changed: Changes = {}) =>
      started(
        await createIbotTraining({ ...definition(changed), options: { ...ibotOptions, ...changed.options } }),
      ) as Promise<DistillationTraining<string>>,
    batchOf: (step: number) => {
      const { views, masks, branchScales } = pixelsOf(step);
      return { ...views, masks, branchScales };
    },
  },
  {
    name: "dino",
    losses: ["cls"],
    options: dinoOptions,
    create: async (changed: Changes = {}) =>
      started(
        await createDistillation("dino", dinoTask, {
          ...definition(changed),
          options: { ...dinoOptions, ...changed.options },
        }),
      ) as Promise<DistillationTraining<string>>,
    batchOf: (step: number) => {
      const { views, branchScales } = pixelsOf(step);
      return { ...views, branchScales };
    },
  },
] as const;
