// iBOT as a method [Zhou et al., "iBOT: Image BERT Pre-Training with Online Tokenizer", ICLR 2022].
import type { Engine } from "../../engine/index.js";
import type { ModelPreset } from "../../nn/presets.js";
import type { Method, MethodConfig, MethodDefaults, MethodTraining, RunLength } from "../method.js";
import { misfit, nearMultiples } from "../misfit.js";
import { drawIbotInputs } from "./draws.js";
import { ibotFigures, ibotHealthLines, ibotMetrics, ibotWarnings } from "./health.js";
import { type IbotOptions, ibotDefaults, ibotMicroDefaults, ibotNanoDefaults, ibotOptions } from "./options.js";
import { ibotTask, TEACHER } from "./task.js";
import { createIbotTraining } from "./training.js";
import { cropsOf, ibotViews } from "./views.js";

export const ibot: Method<IbotOptions> = {
  name: "ibot",
  options: ibotOptions,
  metrics: ibotMetrics,
  // An image is a dozen crops that all of the encoder sees, not a quarter of one.
  imageCost: 8,
  hasDecoder: false,
  teacherPrefix: TEACHER,
  // The head, and what stands for hidden patches.
  otherTensors: [],
  derivedOptions: ["localSize"],
  groupSize: () => 1,
  defaults,
  settle: settleLocalSize,
  misfits,

  size({ model, methodOptions: { headHidden, headBottleneck, prototypes } }) {
    return {
      parametersBeside: headHidden * (model.width + headHidden + headBottleneck) + prototypes * headBottleneck,
      // Two global crops.
      attentionMaps: 2 * model.heads,
      pairMatrices: 0,
    };
  },
  facts({ methodOptions: { localCrops, localSize } }) {
    const local = localCrops > 0 ? ` and ${localCrops} of ${localSize} x ${localSize} pixels` : "";
    return [["crops", `2 of the whole size${local} of each image; the teacher sees the first two`]];
  },

  views: ibotViews,
  inputs: cropsOf,
  pretext: ({ model, methodOptions, data }, images) => ibotTask(model, methodOptions, images, data),
  draw: ({ model, methodOptions }, images, position) => ({ ...drawIbotInputs(model, methodOptions, images, position) }),
  train,

  describe({ methodOptions }, _first, last) {
    const figures = ibotFigures(last);
    return figures === undefined ? [] : ibotHealthLines(figures, methodOptions.prototypes);
  },
  warnings({ methodOptions }, metrics) {
    const figures = ibotFigures(metrics);
    return figures === undefined ? [] : ibotWarnings(figures, methodOptions.prototypes);
  },
};

/** Its augmentation, schedule and optimizer [Zhou et al., ICLR 2022, and its code]; for small models they are ours. */
function defaults(preset: ModelPreset, { batchSize }: { readonly batchSize: number }): MethodDefaults {
  const ours: Partial<Record<ModelPreset, IbotOptions>> = { nano: ibotNanoDefaults, micro: ibotMicroDefaults };
  const own = ours[preset];
  return {
    methodOptions: { ...(own ?? ibotDefaults), localSize: null },
    data: {
      scale: [0.25, 1],
      colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8 },
    },
    schedule: {
      minLearningRate: 1e-6,
      // 10 of 400 epochs; a run of 2,000 steps may be shorter than ten passes.
      warmupShare: own !== undefined ? 0.1 : 0.025,
      ...(own === undefined && { epochs: 400, batchSize: Math.min(batchSize, 1024), baseLearningRate: 5e-4 }),
    },
    optimizer: { betas: [0.9, 0.999], weightDecay: 0.04 },
    run: { picturesEvery: 0 },
  };
}

/** Fills in a size of local crops that nobody set: 3/7 of the image, the 96 of 224 pixels of iBOT, in whole patches. */
function settleLocalSize(
  options: Record<string, unknown>,
  { imageSize, patchSize }: Record<string, unknown>,
): undefined {
  if (options.localSize !== null) return;
  // What is no size is left for the schema to refuse.
  const patches = Math.ceil((Number(imageSize) * 3) / 7 / Number(patchSize));
  options.localSize = patches * Number(patchSize);
}

function misfits({ model, methodOptions, optimizer, run }: MethodConfig<IbotOptions>): string[] {
  const { localSize } = methodOptions;
  const { imageSize, patchSize } = model;
  const problems: string[] = [];
  if (localSize % patchSize !== 0 || localSize > imageSize) {
    const expected = `a multiple of model.patchSize = ${patchSize} up to model.imageSize = ${imageSize}`;
    const near = nearMultiples(Math.min(localSize, imageSize - patchSize), patchSize);
    problems.push(misfit("methodOptions.localSize", localSize, expected, near));
  }
  if (optimizer.clipNorm !== null) {
    problems.push(
      `optimizer.clipNorm: expected null, for iBOT clips each parameter by methodOptions.parameterClipNorm; found ` +
        `${optimizer.clipNorm}. Leave it out`,
    );
  }
  if (run.picturesEvery !== 0) {
    problems.push(
      `run.picturesEvery: expected 0, for iBOT reconstructs nothing that could be drawn; found ${run.picturesEvery}. Leave it out`,
    );
  }
  return problems;
}

/** Before the names of the centres in a checkpoint: they are part of how a run goes on, not of a model. */
const CENTRE = "optimizer.";

async function train(config: MethodConfig<IbotOptions>, length: RunLength, engine: Engine): Promise<MethodTraining> {
  const { model, methodOptions, data } = config;
  const { batchSize, microBatch } = config.schedule;
  const { betas, epsilon, weightDecay } = config.optimizer;
  const { student, teacher, centres, startTeacher, step } = await createIbotTraining({
    shape: model,
    options: methodOptions,
    normalization: data,
    microBatch,
    microBatches: batchSize / microBatch,
    ...length,
    optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    engine,
  });
  const shape = [methodOptions.prototypes];
  const state = Object.entries(centres).map(([name, values]) => [CENTRE + name, { shape, data: values }] as const);
  return {
    training: student,
    encoder: teacher.arrays.byName,
    start: startTeacher,
    step,
    state: Object.fromEntries(state),
  };
}
