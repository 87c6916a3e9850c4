// A method with a teacher, from the parts in which such methods differ.
import { unsuitedChanges } from "../../data/channels.js";
import { shorterSide, shorterSideOf } from "../../data/image-size.js";
import { channelsOf } from "../../nn/presets.js";
import type { Method, MethodConfig, MethodDefaults } from "../method.js";
import type { MetricValues } from "../metric-values.js";
import { misfit, nearMultiples } from "../misfit.js";
import type { Warning } from "../warning.js";
import { cropsOf, cropViews, GLOBAL_CROPS } from "./crops.js";
import type { DistillationOptions } from "./options.js";
import { type BuildTask, TEACHER } from "./task.js";
import { createDistillation } from "./training.js";

export interface DistillationParts<Options extends DistillationOptions, Centre extends string, Health>
  extends Pick<Method<Options>, "name" | "options" | "metrics" | "imageCost" | "draw"> {
  /** Its name in sentences. */
  readonly title: string;
  /** For the presets `nano` and `micro`, and for all others. */
  readonly defaultOptions: { readonly nano: Options; readonly micro: Options; readonly others: Options };
  readonly recipe: {
    /** Least and largest share of an image's area that a global crop covers. */
    readonly scale: readonly [number, number];
    /** Where the model is not small. */
    readonly epochs: number;
    readonly warmupShare: number;
  };
  readonly task: BuildTask<Options, Centre>;
  /** What its health is read from among the metrics of a step, where they are all there. */
  health(metrics: MetricValues): Health | undefined;
  /** Lines for the end of a run. */
  healthLines(health: Health, prototypes: number): string[];
  /** Signs of collapse. */
  warnings(health: Health, prototypes: number): Warning[];
}

/** Several crops of each image, a student, and a teacher that follows it. */
export function distillationMethod<Options extends DistillationOptions, Centre extends string, Health>(
  parts: DistillationParts<Options, Centre, Health>,
): Method<Options> {
  const { title, defaultOptions, recipe, task, health, healthLines, warnings, ...own } = parts;

  return {
    ...own,
    hasDecoder: false,
    teacherPrefix: TEACHER,
    // The head belongs to the distillation alone (see teacher.ts).
    otherTensors: [],
    derivedOptions: ["localSize"],
    groupSize: () => 1,
    settle: settleLocalSize,
    misfits: (config) => misfits(title, config),

    defaults(preset, { batchSize, channels }) {
      const isSmall = preset === "nano" || preset === "micro";
      return {
        methodOptions: {
          ...defaultOptions[isSmall ? preset : "others"],
          localSize: null,
          ...(channels !== 3 && { grayscale: 0 }),
          ...(channels !== 3 && channels !== 1 && { solarize: 0 }),
        },
        ...recipeOf(recipe, isSmall, batchSize, channels),
      };
    },
    size({ model, methodOptions: { headHidden, headBottleneck, prototypes } }) {
      return {
        parametersBeside: headHidden * (model.width + headHidden + headBottleneck) + prototypes * headBottleneck,
        attentionMaps: GLOBAL_CROPS * model.heads,
        pairMatrices: 0,
      };
    },
    facts({ methodOptions: { localCrops, localSize } }) {
      const local = localCrops > 0 ? ` and ${localCrops} of ${localSize} x ${localSize} pixels` : "";
      return [["crops", `2 of the whole size${local} of each image; the teacher sees the first two`]];
    },

    views: cropViews,
    inputs: cropsOf,
    pretext: ({ model, methodOptions, data }, images) => task(model, methodOptions, images, data),
    async train({ model, methodOptions, data, schedule, optimizer, run }, length, engine, combiner) {
      const { batchSize, microBatch } = schedule;
      const { betas, epsilon, weightDecay } = optimizer;
      const { student, teacher, centres, startTeacher, step } = await createDistillation(own.name, task, {
        shape: model,
        options: methodOptions,
        normalization: data,
        microBatch,
        microBatches: batchSize / microBatch,
        recompute: run.recompute,
        ...length,
        optimizer: { beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
        engine,
        ...(combiner && { combiner }),
      });
      const shape = [methodOptions.prototypes];
      const state = Object.entries<Float32Array>(centres).map(
        ([name, values]) => [CENTRE + name, { shape, data: values }] as const,
      );
      return {
        training: student,
        encoder: teacher.arrays.byName,
        start: startTeacher,
        step,
        state: Object.fromEntries(state),
      };
    },

    levels: ({ methodOptions: { prototypes } }) => [
      { metric: "teacherEntropy", value: Math.log(prototypes), meaning: "the teacher prefers no prototype" },
    ],
    describe({ methodOptions }, _first, last) {
      const found = health(last);
      return found === undefined ? [] : healthLines(found, methodOptions.prototypes);
    },
    warnings({ methodOptions }, metrics) {
      const found = health(metrics);
      return found === undefined ? [] : warnings(found, methodOptions.prototypes);
    },
  };
}

/** Before the names of the centres in a checkpoint: they are part of how a run goes on, not of a model. */
const CENTRE = "optimizer.";

/** Augmentation, schedule and optimizer of DINO's code, which iBOT's follows; for small models they are ours. */
function recipeOf(
  { scale, epochs, warmupShare }: DistillationParts<never, never, never>["recipe"],
  isSmall: boolean,
  batchSize: number,
  channels: number,
): Omit<MethodDefaults, "methodOptions"> {
  return {
    data: {
      scale: [...scale],
      colorJitter: jitterOf(channels),
    },
    schedule: {
      minLearningRate: 1e-6,
      // Of small models a tenth: a run of 2,000 steps may be shorter than ten passes.
      warmupShare: isSmall ? 0.1 : warmupShare,
      ...(!isSmall && { epochs, batchSize: Math.min(batchSize, 1024), baseLearningRate: 5e-4 }),
    },
    optimizer: { betas: [0.9, 0.999], weightDecay: 0.04 },
    run: { picturesEvery: 0 },
  };
}

/** Grey images have no colours to change; of more channels, nobody knows what they are. */
function jitterOf(channels: number) {
  if (channels !== 3 && channels !== 1) return null;
  const [saturation, hue] = channels === 3 ? [0.2, 0.1] : [0, 0];
  return { brightness: 0.4, contrast: 0.4, saturation, hue, probability: 0.8 };
}

/** Fills in a size of local crops that nobody set: 3/7 of the image's shorter side, 96 of 224 pixels as both have it, in whole patches. */
function settleLocalSize(
  options: Record<string, unknown>,
  { imageSize, patchSize }: Record<string, unknown>,
): undefined {
  if (options.localSize !== null) return;
  // What is no size is left for the schema to refuse.
  const patches = Math.ceil((shorterSideOf(imageSize) * 3) / 7 / Number(patchSize));
  options.localSize = patches * Number(patchSize);
}

function misfits(title: string, { model, methodOptions, optimizer, run }: MethodConfig<DistillationOptions>): string[] {
  const { localSize, grayscale, solarize } = methodOptions;
  const { patchSize } = model;
  const side = shorterSide(model.imageSize);
  const problems = unsuitedChanges({ grayscale, solarize }, channelsOf(model)).map(
    (change) => `methodOptions.${change}`,
  );
  if (localSize % patchSize !== 0 || localSize > side) {
    const expected = `a multiple of model.patchSize = ${patchSize} up to the shorter side of model.imageSize, ${side}`;
    const near = nearMultiples(Math.min(localSize, side - patchSize), patchSize);
    problems.push(misfit("methodOptions.localSize", localSize, expected, near));
  }
  if (optimizer.clipNorm !== null) {
    problems.push(
      `optimizer.clipNorm: expected null, for ${title} clips each parameter by methodOptions.parameterClipNorm; found ` +
        `${optimizer.clipNorm}. Leave it out`,
    );
  }
  if (run.picturesEvery !== 0) {
    problems.push(
      `run.picturesEvery: expected 0, for ${title} reconstructs nothing that could be drawn; found ${run.picturesEvery}. Leave it out`,
    );
  }
  return problems;
}
