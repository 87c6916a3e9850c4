// What a segmentation looks like while it is trained, and how good it is at the end: the model as it is, on test images.

import type { WholeImage } from "../../data/index.js";
import type { RunningStatistics } from "../../heads/running-statistics.js";
import type { Weights } from "../../heads/weights.js";
import { channelsOf } from "../../nn/presets.js";
import type { Training } from "../../optim/training.js";
import { classColors } from "../../pictures/class-colors.js";
import { type SegmentedPicture, segmentationSheet } from "../../pictures/segmentation-sheet.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { RunSummary } from "../../training/hooks.js";
import type { LoopParts } from "../../training/loop.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { RunEvents } from "../../training/run-events.js";
import { ImageProgress } from "../image-progress.js";
import { percent } from "../report.js";
import { writeReportFiles } from "../report-files.js";
import { sampleImages } from "../sample-images.js";
import { type SegmentConfig, segmenterShapeOf } from "./config.js";
import { type TrainedSegmenterReport, testSegmenter } from "./evaluate-segmenter.js";
import { createImageSegmenter, type ImageSegmenter } from "./segment-image.js";
import type { SegmentationSet } from "./segmentation-set.js";

type WeightData = Weights extends ReadonlyMap<string, infer Value> ? Value : never;

/** Rows of a picture. */
const SHOWN = 4;

/** The model's program is compiled once and reads the weights as they are. */
export class SegmentPictures {
  readonly #config: SegmentConfig;
  readonly #test: SegmentationSet;
  readonly #running: RunningStatistics;
  readonly #learntFrom: number;
  #segmenter: Promise<ImageSegmenter> | undefined;

  /** `learntFrom`: how many images the model learns from. */
  constructor(config: SegmentConfig, test: SegmentationSet, running: RunningStatistics, learntFrom: number) {
    this.#config = config;
    this.#test = test;
    this.#running = running;
    this.#learntFrom = learntFrom;
  }

  /** Pictures of a few test images, drawn from the seed; undefined where none can be read. */
  async open(training: Training, totalSteps: number): Promise<LoopParts["pictures"]> {
    const { model, seed } = this.#config;
    const images = (await sampleImages(
      this.#test.source,
      { channels: channelsOf(model.shape), background: model.background, masks: this.#test.masks },
      { seed, stream: "pictures of segmentation", count: SHOWN },
    )) as { readonly image: Required<WholeImage> }[];
    if (images.length === 0) return undefined;
    return {
      every: this.#config.run.picturesEvery,
      draw: async (step, loss) => {
        const { predict } = await this.#compiled(training);
        const pictures: SegmentedPicture[] = [];
        for await (const predicted of predict(images.map(({ image }) => image))) {
          pictures.push(this.#picture(images[pictures.length]!.image, predicted));
        }
        return this.#sheet(pictures, `segmentation after step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`);
      },
    };
  }

  /** Tests the weights as they are now on all test images, and writes report.json and report.png into the run. */
  async report(
    run: RunDirectory<SegmentConfig>,
    training: Training,
    summary: RunSummary,
    events: RunEvents,
  ): Promise<TrainedSegmenterReport> {
    const { model, classes, images, from, augmentation } = this.#config;
    const segmenter = await this.#compiled(training);
    const progress = new ImageProgress(undefined, undefined, events);
    const pictures: SegmentedPicture[] = [];
    const shape = segmenterShapeOf(this.#config);
    const tested = { shape, classes, background: model.background, origin: from.origin, folder: images };
    const limit = 4 * augmentation.cropSize;
    const report = await testSegmenter(segmenter, tested, this.#test, progress, (image, predicted) => {
      if (pictures.length < SHOWN && image.width <= limit && image.height <= limit) {
        pictures.push(this.#picture(image, predicted));
      }
    });
    const written = { ...report, train: { source: images, images: this.#learntFrom }, trainingLoss: summary.loss };
    const caption = `${from.origin}: mean IoU ${percent(report.detail.meanIou)} of ${report.test.images} images`;
    if (run.isWritten) await writeReportFiles(run.paths.report, written, await this.#sheet(pictures, caption));
    return written;
  }

  #compiled({ engine, values, state }: Training): Promise<ImageSegmenter> {
    const learnt = state.parameters.tensors.map(({ name, shape }) => [name, { shape, data: values[name]! }] as const);
    const followed = [...this.#running.values].map(([name, data]) => [name, { shape: [data.length], data }] as const);
    this.#segmenter ??= createImageSegmenter(
      {
        shape: segmenterShapeOf(this.#config),
        normalization: this.#config.model.normalization,
        weights: new Map<string, WeightData>([...learnt, ...followed]),
      },
      engine,
    );
    return this.#segmenter;
  }

  #picture({ pixels, width, height, channels, mask }: Required<WholeImage>, predicted: Uint8Array): SegmentedPicture {
    return { image: { width, height, data: shownChannels(pixels, channels) }, truth: mask, predicted };
  }

  #sheet(pictures: readonly SegmentedPicture[], caption: string): Promise<Uint8Array> {
    const { classes, colors = classColors(classes) } = this.#config;
    return segmentationSheet(pictures, { classes, colors }, caption);
  }
}
