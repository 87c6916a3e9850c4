// What a pre-training method is: all that the rest of the program asks of one, in one object.
import type { z } from "zod";
import type { Batch, ViewOptions } from "../data/index.js";
import type { Arrays, Combiner, DeviceArray, Engine } from "../engine/index.js";
import type { Shape, Tensor } from "../graph/index.js";
import type { Parameter } from "../nn/parameters.js";
import type { ModelPreset, ModelShape } from "../nn/presets.js";
import type { StepOptions, StepResult, Training } from "../optim/training.js";
import type { MetricValues } from "./metric-values.js";
import type { ReconstructionTask } from "./reconstruction-task.js";
import type { Warning } from "./warning.js";

/** A value that a metric is to be compared with. */
export interface MetricLevel {
  readonly metric: string;
  readonly value: number;
  /** What it stands for in a few words, such as "chance". */
  readonly meaning: string;
}

/** The part of a configuration that methods read. */
export interface MethodConfig<Options extends object = object> {
  readonly method: string;
  readonly seed: number;
  readonly model: ModelShape;
  readonly methodOptions: Readonly<Options>;
  readonly data: {
    readonly scale: [number, number];
    readonly flip: boolean;
    readonly colorJitter: object | null;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
  readonly schedule: { readonly batchSize: number; readonly microBatch: number };
  readonly optimizer: {
    readonly betas: readonly [number, number];
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly clipNorm: number | null;
  };
  readonly run: { readonly picturesEvery: number; readonly recompute: boolean };
}

/** Values over those that all methods share, where nobody sets others; by the sections of the configuration. */
export interface MethodDefaults {
  readonly methodOptions: object;
  readonly data?: object;
  readonly schedule?: object;
  readonly optimizer?: object;
  readonly run?: object;
}

/** What all methods take for a size of model, and the channels of the images. */
export interface SharedDefaults {
  readonly batchSize: number;
  readonly channels: number;
}

/** Where a batch stands in a run: whatever is drawn for it is a function of this alone. */
export interface Position {
  readonly seed: number;
  /** The number of the step, from 1. */
  readonly step: number;
  readonly epoch: number;
  /** The number of the batch's first image within the epoch. */
  readonly firstImage: number;
}

/** What a method minimises, over which parameters. */
export interface Pretext {
  /** A scalar. */
  readonly loss: Tensor;
  /** Scalars or vectors beside it. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly Parameter[];
}

/** A run's length, from which what changes over the run follows. */
export interface RunLength {
  readonly totalSteps: number;
  /** A whole number: what is left over of an epoch is not shown. */
  readonly stepsPerEpoch: number;
}

/** A method's compiled step and its state. */
export interface MethodTraining {
  /** The parameters that the optimizer moves, and its program. Write their first values to `training.values`. */
  readonly training: Training;
  /** The encoder that evaluation looks at: by its parameters' names; these change as it learns. */
  readonly encoder: Readonly<Record<string, DeviceArray>>;
  /** To be called once the first values are written: a teacher begins as its student. */
  start(): Promise<void>;
  /** One step, numbered from 1. Where the parameters are not updated, nothing else is. */
  step(inputs: Arrays, options: Pick<StepOptions, "step" | "learningRate">): Promise<StepResult>;
  /** What a run needs beside the training's own state to go on, by the names that checkpoints have for it. */
  readonly state: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
}

/** How large a method's model and its program are at least, from the configuration alone. */
export interface MethodSize {
  /** Trained values beside those of the encoder. */
  readonly parametersBeside: number;
  /** Attention maps over all patches of an image, for each image of a micro-batch. */
  readonly attentionMaps: number;
  /** Matrices over all pairs of patches that the program holds whatever the batch. */
  readonly pairMatrices: number;
}

/** The size of a tensor; null where it is free. */
export type FreeShape = readonly (number | null)[];

/** A pretext task as one object: all that the rest of the program asks of it. */
export interface Method<Options extends object = object> {
  readonly name: string;
  /** Every option with a description. */
  readonly options: z.ZodObject;
  /** What each metric of a step means, in words. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Values that metrics are to be compared with, such as what chance gives. */
  levels?(config: MethodConfig<Options>): readonly MetricLevel[];
  /** The block of the encoder that the first value of a metric by block is of, counted from 0; by default that. */
  firstBlock?(config: MethodConfig<Options>): number;
  /** What differs from the values that all methods share. */
  defaults(preset: ModelPreset, shared: SharedDefaults): MethodDefaults;
  /** The memory that computing an image takes, as a multiple of what it takes with MAE. */
  readonly imageCost: number;
  /**
   * Options that an earlier version did not have, with the values at which a run is what it was then. At these they do
   * not count where configurations are compared.
   */
  readonly laterOptions?: Partial<Options>;
  /** Options that nobody sets because they follow from others. */
  readonly derivedOptions?: readonly string[];
  /** Fills these in and makes others exact, before anything is validated. Returns a sentence for what cannot be. */
  settle?(options: Record<string, unknown>, model: Record<string, unknown>): string | undefined;
  /** How many images are taken together: batches and micro-batches are multiples of it. */
  groupSize(options: Options): number;
  /** A sentence for each pair of values that does not fit: what was expected, what was found, what to do. */
  misfits(config: MethodConfig<Options>): string[];
  /** How large its parts are, for bounds that hold before a program is built. */
  size(config: MethodConfig<Options>): MethodSize;
  /** What is announced of it before the first step, by a word for each. */
  facts?(config: MethodConfig<Options>): readonly (readonly [name: string, text: string])[];

  /** The views of each image that it learns from. */
  views(config: MethodConfig<Options>): ViewOptions[];
  /** What it minimises for this many clean images. */
  pretext(config: MethodConfig<Options>, images: number): Pretext;
  /** The views of a batch by the names that the program has for them. */
  inputs(views: Batch["views"]): Arrays;
  /** What is drawn at random for a batch of this many images, by the names that the program has for it. */
  draw(config: MethodConfig<Options>, images: number, position: Position): Arrays;
  /**
   * Compiles its step for an engine. Where several processes compute a batch, the batch of `config` is this process' share,
   * and `combiner` makes one of what all computed.
   */
  train(config: MethodConfig<Options>, length: RunLength, engine: Engine, combiner?: Combiner): Promise<MethodTraining>;

  /** Lines for the end of a run; `first` and `last` are metrics of its first step and means of its last ones. */
  describe(config: MethodConfig<Options>, first: MetricValues, last: MetricValues): string[];
  /** Signs that a run learns nothing, in means over some steps. */
  warnings?(config: MethodConfig<Options>, metrics: MetricValues): Warning[];

  /** Where it reconstructs images: how, for a shape of model. */
  reconstruction?(shape: ModelShape, options: Options): ReconstructionTask;
  /** Whether its checkpoints hold a decoder. */
  readonly hasDecoder: boolean;
  /** Of a method with a teacher: what stands before the names of its weights. The teacher is what is transferred. */
  readonly teacherPrefix?: string;
  /** Tensors of its checkpoints that are neither the encoder's nor the decoder's: none of them is transferred. */
  readonly otherTensors: readonly (readonly [name: RegExp, shape: (model: Partial<ModelShape>) => FreeShape])[];
}

/** A method that reconstructs images. */
export interface ReconstructingMethod<Options extends object = object> extends Method<Options> {
  reconstruction(shape: ModelShape, options: Options): ReconstructionTask;
}
