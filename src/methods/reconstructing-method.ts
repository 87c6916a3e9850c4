// A method that reconstructs images, from the parts in which such methods differ.
import { blockParameters } from "../nn/block.js";
import { patchValues } from "../nn/presets.js";
import { adamwTraining } from "./adamw-training.js";
import { augmentationOf } from "./augmentation.js";
import type { Method, MethodConfig, MethodDefaults, MethodSize, ReconstructingMethod } from "./method.js";
import { type MetricValues, metricText } from "./metric-values.js";
import { drawPlan } from "./plan.js";
import { pretextOfPixels } from "./pretext-program.js";

type Own =
  | "name"
  | "options"
  | "metrics"
  | "groupSize"
  | "misfits"
  | "laterOptions"
  | "derivedOptions"
  | "reconstruction";

/** What reconstructing methods differ in. */
export interface ReconstructingParts<Options extends object> extends Pick<ReconstructingMethod<Options>, Own> {
  /** Null for those that are derived. */
  readonly defaultOptions: { readonly [Name in keyof Options]: Options[Name] | null };
  /** Fills in what is derived, before anything is validated. Returns a sentence for what cannot be. */
  readonly settle?: Method["settle"];
  /** Lines behind that of the reconstruction. */
  readonly describeMore?: Method<Options>["describe"];
  /** What its metrics are to be compared with. */
  readonly levels?: NonNullable<Method<Options>["levels"]>;
  /** Where its metrics by block begin. */
  readonly firstBlock?: NonNullable<Method<Options>["firstBlock"]>;
  /** What its metrics warn of. */
  readonly warnings?: NonNullable<Method<Options>["warnings"]>;
  /** What it has beside MAE's model, as its size. */
  readonly sizeMore?: (config: MethodConfig<Options>) => Partial<MethodSize>;
  /** Tensors of its checkpoints that are neither the encoder's nor the decoder's, and their shapes. */
  readonly otherTensors?: Method["otherTensors"];
  /** False for a method that predicts pixels from the encoder's tokens; true by default. */
  readonly hasDecoder?: boolean;
  /** What differs from MAE's recipe. */
  readonly recipe?: (...given: Parameters<Method["defaults"]>) => Omit<MethodDefaults, "methodOptions">;
}

/** One view of each image, one random plan a batch, and AdamW. */
export function reconstructingMethod<Options extends object>(
  parts: ReconstructingParts<Options>,
): ReconstructingMethod<Options> {
  const { defaultOptions, describeMore, sizeMore, otherTensors = [], hasDecoder = true, recipe, ...own } = parts;
  const taskOf = ({ model, methodOptions }: MethodConfig<Options>) => own.reconstruction(model, methodOptions);
  const pretext = (config: MethodConfig<Options>, images: number) =>
    pretextOfPixels(taskOf(config), config.model, config.data, images);

  return {
    ...own,
    imageCost: 1,
    hasDecoder,
    otherTensors,
    defaults: (...given) => ({ methodOptions: defaultOptions, ...recipe?.(...given) }),
    size(config) {
      const { width, mlpRatio, decoderWidth, decoderDepth, decoderHeads } = config.model;
      const decoder = decoderDepth * blockParameters(decoderWidth, mlpRatio);
      return {
        parametersBeside: decoder + decoderWidth * (width + patchValues(config.model)),
        attentionMaps: decoderHeads,
        pairMatrices: 0,
        ...sizeMore?.(config),
      };
    },
    views: (config) => [{ name: "image", augmentation: augmentationOf(config) }],
    pretext,
    inputs: ([view]) => ({ images: view!.pixels }),
    draw(config, images, { seed, step, epoch, firstImage }) {
      const task = taskOf(config);
      const position = { seed, stream: "plan", step, epoch, firstGroup: firstImage / task.groupSize };
      return { [task.planName]: drawPlan(task, images / task.groupSize, position) };
    },
    train: (config, _length, engine, combiner) =>
      adamwTraining(config, pretext(config, config.schedule.microBatch), engine, combiner),
    describe: (config, first, last) => [
      ...describeReconstruction(first, last),
      ...(describeMore?.(config, first, last) ?? []),
    ],
  };
}

function describeReconstruction(first: MetricValues, last: MetricValues): string[] {
  return [
    `  reconstruction  error of hidden patches ${metricText(first.reconstruction)} at step ${first.step}, ` +
      `${metricText(last.reconstruction)} at the end`,
  ];
}

/** What the metrics of these methods mean. */
export const reconstructionMetrics = {
  reconstruction: "mean squared error of the hidden patches",
  featureSpread: "how far the features of patches differ; 0 where all point the same way",
} as const;
