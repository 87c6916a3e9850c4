// A pre-training in a page: the same plan, programs and optimizer as of a run in Node.js, step by step as the page asks.

import { checkImageCount } from "../config/checks.js";
import type { PretrainChoices } from "../config/choices.js";
import { ConfigError } from "../config/errors.js";
import type { PretrainConfig } from "../config/schema.js";
import { parseConfig, settleConfig } from "../config/settle.js";
import { type MemoryBatches, memoryBatches } from "../data/memory-batches.js";
import { renderImage } from "../data/render.js";
import type { PixelImage } from "../data/resample.js";
import { parseTransform } from "../data/transform.js";
import { viewGroups } from "../data/view-options.js";
import type { Bindable, Engine } from "../engine/index.js";
import { joinSafetensors } from "../formats/safetensors.js";
import { methodOf } from "../methods/registry.js";
import { channelsOf, imageValues } from "../nn/presets.js";
import { type LearningRateSchedule, learningRateAt } from "../optim/schedule.js";
import { randomStream } from "../random/index.js";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../training/checkpoint-format.js";
import { type DerivedSchedule, deriveSchedule } from "../training/derived.js";
import { CheckpointError, TrainingDivergedError } from "../training/errors.js";
import { HealthWatch } from "../training/health.js";
import { createLearner, type Learner } from "../training/learner.js";
import type { StepMetrics } from "../training/metrics-file.js";
import { reconstructionOf } from "../training/model.js";
import { compileReconstruction, picturedCount, type Reconstruction } from "../training/reconstruction.js";
import { type ReconstructedImage, reconstructedImages } from "../training/reconstruction-images.js";
import { crc32 } from "./crc32.js";

/** What a step gave, and what its metrics are a sign of. */
export interface PageStep {
  readonly metrics: StepMetrics;
  /** What is seen, the likely cause and what to do; mostly none. */
  readonly warnings: readonly string[];
}

/** Red, green and blue: what a browser decodes to. */
const CHANNELS = 3;

export class PageTraining {
  readonly config: PretrainConfig;
  readonly schedule: DerivedSchedule;
  readonly #batches: MemoryBatches;
  readonly #learner: Learner;
  readonly #rates: LearningRateSchedule;
  readonly #health: HealthWatch;
  readonly #images: readonly PixelImage[];
  #reconstruct: Promise<() => Promise<Reconstruction>> | undefined;
  #step: number;

  private constructor(
    config: PretrainConfig,
    schedule: DerivedSchedule,
    batches: MemoryBatches,
    learner: Learner,
    images: readonly PixelImage[],
    step: number,
  ) {
    this.config = config;
    this.schedule = schedule;
    this.#batches = batches;
    this.#learner = learner;
    this.#images = images;
    this.#rates = { ...schedule, peak: schedule.learningRate, floor: config.schedule.minLearningRate };
    this.#health = new HealthWatch(config, schedule.totalSteps);
    this.#step = step;
  }

  /**
   * Compiles the step and starts the weights. `chosen` is what a run's configuration would choose; its `source` is a name.
   * The engine is that registered for `run.device`. Throws ConfigError, EngineError, TooFewImagesError.
   */
  static async begin(chosen: PretrainChoices, images: readonly PixelImage[]): Promise<PageTraining> {
    return PageTraining.#open(settleConfig(chosen), images);
  }

  /**
   * Goes on from a checkpoint of a page, or of a run in Node.js, with images of one's own: exactly, where they are the same.
   * `name` is what messages call it; `device` takes the place of that which it was trained on. Throws CheckpointError, and as
   * `begin` does.
   */
  static async resume(
    bytes: Uint8Array,
    name: string,
    images: readonly PixelImage[],
    device?: string,
  ): Promise<PageTraining> {
    const checkpoint = await readBytes(bytes, name);
    const config = configOf(checkpoint);
    const here = device === undefined ? config : { ...config, run: { ...config.run, device } };
    return PageTraining.#open(here, images, checkpoint);
  }

  static async #open(
    config: PretrainConfig,
    images: readonly PixelImage[],
    checkpoint?: Checkpoint,
  ): Promise<PageTraining> {
    checkImageCount(config, images.length);
    const { model, schedule, seed } = config;
    const other = [channelsOf(model), ...images.map(({ channels }) => channels)].find(
      (channels) => channels !== CHANNELS,
    );
    if (other !== undefined) {
      throw new ConfigError([`model.channels: a page trains on images of ${CHANNELS} channels; found ${other}`]);
    }
    const groups = viewGroups(methodOf(config).views(config), {
      imageSize: model.imageSize,
      channels: channelsOf(model),
    });
    const batches = memoryBatches(images, groups, { batchSize: schedule.batchSize, seed });
    const derived = deriveSchedule(config, batches.stepsPerEpoch * schedule.batchSize);
    const learner = await createLearner(config, derived);
    if (checkpoint !== undefined) await learner.restore(checkpoint);
    return new PageTraining(config, derived, batches, learner, images, checkpoint?.step ?? 0);
  }

  /** Steps that were taken. */
  get step(): number {
    return this.#step;
  }

  /** By their names, as they are now. */
  get weights(): Bindable {
    return this.#learner.training.values;
  }

  get engine(): Engine {
    return this.#learner.training.engine;
  }

  get isFinished(): boolean {
    return this.#step >= this.schedule.totalSteps;
  }

  /** Takes the next step. Throws TrainingDivergedError where the loss is not finite: then nothing was changed. */
  async advance(): Promise<PageStep> {
    const began = performance.now();
    const step = this.#step + 1;
    const batch = this.#batches.at(step);
    const learningRate = learningRateAt(step, this.#rates);
    const result = await this.#learner.step(this.#learner.inputsOf(batch), { step, learningRate });
    if (!result.updated) {
      throw new TrainingDivergedError(
        step,
        result.loss,
        result.gradientNorm,
        "The weights are those of the step before.",
      );
    }
    this.#step = step;
    const stepSeconds = (performance.now() - began) / 1000;
    const metrics: StepMetrics = {
      ...{ step, epoch: batch.epoch, loss: result.loss, ...result.metrics },
      ...{ lr: learningRate, gradientNorm: result.gradientNorm },
      ...{ imagesPerSecond: this.config.schedule.batchSize / stepSeconds, stepSeconds },
      dataWaitSeconds: batch.waitSeconds,
    };
    return { metrics, warnings: this.#health.see(metrics).map(({ lines }) => lines.join("\n")) };
  }

  /** The checkpoint as it is now: a file that `mixedae` takes with --from, and that a page goes on from. */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    const metadata = { config: JSON.stringify(this.config), images: String(this.#images.length) };
    const contents = { step: this.#step, tensors: await this.#learner.tensors(), metadata };
    return joinSafetensors(encodeCheckpoint(contents, crc32));
  }

  /**
   * The same images each time, as evaluation sees them: as they are, as the encoder saw them and as they were filled in with
   * the weights as they are now. None of a method that reconstructs nothing.
   */
  async reconstructions(): Promise<readonly ReconstructedImage[]> {
    const { config } = this;
    const task = reconstructionOf(config);
    if (task === undefined) return [];
    this.#reconstruct ??= compileReconstruction(
      config,
      task,
      this.drawImages(config.seed, picturedCount(config)),
      this.weights,
      this.engine,
    );
    return reconstructedImages(await (await this.#reconstruct)());
  }

  /** Images that a seed draws, as evaluation sees them: [count, height, width, channels]. */
  drawImages(seed: number, count: number): Uint8Array {
    const { model } = this.config;
    const order = randomStream(seed, "picture images", 0, 0).permutation(this.#images.length);
    const size = imageValues(model);
    const pixels = new Uint8Array(count * size);
    const transform = parseTransform({ kind: "centre" }, model.imageSize, channelsOf(model));
    for (let place = 0; place < count; place++) {
      const index = order[place % order.length]!;
      const key = { seed, epoch: 0, index, view: 0 };
      renderImage(this.#images[index]!, transform, key, model.imageSize, pixels, place * size, channelsOf(model));
    }
    return pixels;
  }

  /** Gives the memory back. */
  close(): void {
    this.#learner.training.dispose();
  }
}

/** What a checkpoint was trained with. Throws CheckpointError. */
export async function checkpointConfig(bytes: Uint8Array, name: string): Promise<PretrainConfig> {
  return configOf(await readBytes(bytes, name));
}

async function readBytes(bytes: Uint8Array, name: string): Promise<Checkpoint> {
  const read = async (into: Uint8Array, start: number) => {
    const part = bytes.subarray(start, start + into.length);
    into.set(part);
    return part.length;
  };
  return decodeCheckpoint(name, { size: bytes.length, read }, crc32);
}

function configOf({ path, metadata }: Checkpoint): PretrainConfig {
  let values: unknown;
  try {
    values = JSON.parse(metadata.config ?? "");
  } catch {
    throw new CheckpointError(path, "it holds no configuration to go on with: expected that of a run or of a page");
  }
  return parseConfig(values, path);
}
