// What a detection looks like while it is trained, and how good it is at the end: the model as it is, on test images.

import type { Weights } from "../../heads/weights.js";
import { meanPixel } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { Training } from "../../optim/training.js";
import { classColors } from "../../pictures/class-colors.js";
import { type DetectedPicture, detectionSheet } from "../../pictures/detection-sheet.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { RunSummary } from "../../training/hooks.js";
import type { LoopParts } from "../../training/loop.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { RunEvents } from "../../training/run-events.js";
import { ImageProgress } from "../image-progress.js";
import { percent } from "../report.js";
import { writeReportFiles } from "../report-files.js";
import { type SampledImage, sampleImages } from "../sample-images.js";
import { type DetectConfig, detectorShapeOf } from "./config.js";
import { createImageDetector, type DetectedObject, type ImageDetector } from "./detect-image.js";
import { type DetectionSet, objectMask } from "./detection-set.js";
import { type TrainedDetectorReport, testDetector } from "./evaluate-detector.js";

/** Rows of a picture. */
const SHOWN = 4;
/** Less likely objects are left out of pictures; they count in the scores. */
const SHOWN_SCORE = 0.3;

/** The model's programs are compiled once and read the weights as they are. */
export class DetectPictures {
  readonly #config: DetectConfig;
  readonly #test: DetectionSet;
  readonly #learntFrom: number;
  #detector: Promise<ImageDetector> | undefined;

  /** `learntFrom`: how many images the model learns from. */
  constructor(config: DetectConfig, test: DetectionSet, learntFrom: number) {
    this.#config = config;
    this.#test = test;
    this.#learntFrom = learntFrom;
  }

  /** Pictures of a few test images, drawn from the seed; undefined where none can be read. */
  async open(training: Training, totalSteps: number): Promise<LoopParts["pictures"]> {
    const { model, seed, run } = this.#config;
    const images = await sampleImages(
      this.#test.source,
      { channels: channelsOf(model.shape), background: model.background },
      { seed, stream: "pictures of detection", count: SHOWN },
    );
    if (images.length === 0) return undefined;
    return {
      every: run.picturesEvery,
      draw: async (step, loss) => {
        const { predict } = await this.#compiled(training);
        const pictures: DetectedPicture[] = [];
        for await (const objects of predict(images.map(({ image }) => image))) {
          pictures.push(this.#picture(images[pictures.length]!, objects));
        }
        return this.#sheet(pictures, `detection after step ${step} of ${totalSteps}, loss ${loss.toFixed(4)}`);
      },
    };
  }

  /** Tests the weights as they are now on all test images, and writes report.json and report.png into the run. */
  async report(
    run: RunDirectory<DetectConfig>,
    training: Training,
    summary: RunSummary,
    events: RunEvents,
  ): Promise<TrainedDetectorReport> {
    const { model, classes: categories, images, from, augmentation } = this.#config;
    const detector = await this.#compiled(training);
    const progress = new ImageProgress(undefined, undefined, events);
    const pictures: DetectedPicture[] = [];
    const shape = detectorShapeOf(this.#config);
    const tested = { shape, categories, background: model.background, origin: from.origin, folder: images };
    const limit = 4 * augmentation.imageSize;
    const report = await testDetector(detector, tested, this.#test, progress, (image, index, objects) => {
      if (pictures.length < SHOWN && image.width <= limit && image.height <= limit) {
        pictures.push(this.#picture({ image, index }, objects));
      }
    });
    const written = { ...report, train: { source: images, images: this.#learntFrom }, trainingLoss: summary.loss };
    const { boxAp, maskAp } = report.detail;
    const masks = maskAp === null ? "" : `, of masks ${percent(maskAp)}`;
    const caption = `${from.origin}: AP of boxes ${percent(boxAp)}${masks} in ${report.test.images} images`;
    if (run.isWritten) await writeReportFiles(run.paths.report, written, await this.#sheet(pictures, caption));
    return written;
  }

  #compiled({ engine, values, state }: Training): Promise<ImageDetector> {
    const { model, testing } = this.#config;
    const weights: Weights = new Map(
      state.parameters.tensors.map(({ name, shape }) => [name, { shape, data: values[name]! }]),
    );
    this.#detector ??= createImageDetector(
      {
        shape: detectorShapeOf(this.#config),
        normalization: model.normalization,
        fill: meanPixel(model.normalization),
        weights,
        testing,
      },
      engine,
    );
    return this.#detector;
  }

  #picture({ image, index }: SampledImage, objects: readonly DetectedObject[]): DetectedPicture {
    const { width, height, pixels, channels } = image;
    const shown = this.#test.instances.images[index]!;
    // Large images may have been decoded at a smaller size than objects are marked in.
    const [across, down] = [width / shown.width, height / shown.height];
    const isWhole = across === 1 && down === 1;
    return {
      image: { width, height, data: shownChannels(pixels, channels) },
      truth: this.#test.objects[index]!.map((object) => {
        const [left, top, wide, high] = object.box;
        return {
          label: this.#test.labelOf(object.categoryId),
          box: [left * across, top * down, (left + wide) * across, (top + high) * down] as const,
          mask: this.#config.head.masks && isWhole ? objectMask(object, shown) : undefined,
        };
      }),
      found: objects.filter(({ score }) => score >= SHOWN_SCORE),
    };
  }

  #sheet(pictures: readonly DetectedPicture[], caption: string): Promise<Uint8Array> {
    const names = this.#config.classes.map(({ name }) => name);
    return detectionSheet(pictures, { classes: names, colors: classColors(names) }, caption);
  }
}
