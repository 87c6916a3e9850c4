// Checks across keys: whether values that are each valid fit together.

import { unsuitedChanges } from "../data/channels.js";
import { TooFewImagesError } from "../data/errors.js";
import { describeSize, sizeOf, sizeWord } from "../data/image-size.js";
import { misfit, nearMultiples, shareText } from "../methods/misfit.js";
import { methodOf } from "../methods/registry.js";
import { modelLimits } from "../nn/model-limits.js";
import { channelsOf, hasWholePatches, imageValues, type ModelShape, patchCount } from "../nn/presets.js";
import { formatBytes, formatCount } from "../terminal/quantities.js";
import { runLimits } from "./limits.js";
import { countParameters } from "./model-size.js";
import type { PretrainConfig } from "./schema.js";

/** How many images the method of a configuration takes together. */
export function groupSize(config: PretrainConfig): number {
  return methodOf(config).groupSize(config.methodOptions);
}

/** Whether a configuration's method reconstructs images. */
export function reconstructs(config: PretrainConfig): boolean {
  return methodOf(config).reconstruction !== undefined;
}

/** The largest micro-batch up to `target` that divides the batch and that groups of `group` divide. */
export function deriveMicroBatch(batchSize: number, group: number, target: number): number {
  for (let size = Math.min(batchSize, Math.max(target, group)); size > group; size--) {
    if (batchSize % size === 0 && size % group === 0) return size;
  }
  return group;
}

/**
 * Throws TooFewImagesError where there are fewer images than a batch takes, with a batch that would do: whole groups,
 * and whole micro-batches where there are images for one.
 */
export function checkImageCount(config: PretrainConfig, images: number): void {
  const { batchSize, microBatch } = config.schedule;
  if (images >= batchSize) return;
  const group = groupSize(config);
  throw new TooFewImagesError(images, batchSize, `${smallerBatch(images, group, microBatch)}, or add images`);
}

function smallerBatch(images: number, group: number, microBatch: number): string {
  if (images >= microBatch) {
    const size = Math.floor(images / microBatch) * microBatch;
    return `Set the batch size to ${size} (--batch-size ${size})`;
  }
  const size = Math.floor(images / group) * group;
  if (size > 0) return `Set the batch size and the micro-batch to ${size} (--batch-size ${size} --micro-batch ${size})`;
  return (
    `The method mixes images in groups of ${group}. Train without mixing: ` +
    `--method mae --batch-size ${images} --micro-batch ${images}`
  );
}

/** How many images there are is not known yet: whoever has exactly as many as the batch that was asked for has no more. */
function batchAdvice(batchSize: number, group: number): string {
  const below = Math.floor(batchSize / group) * group;
  const larger = `${below + group} where there are as many images`;
  return `Take ${below === 0 ? "" : `${below}, or `}${larger}; or train without mixing: --method mae`;
}

/** One sentence for each pair of values that does not fit: what was expected, what was found, what to do. */
export function findMisfits(config: PretrainConfig): string[] {
  const problems: string[] = [];
  const { model, schedule } = config;
  const expect = (holds: boolean, problem: () => string) => {
    if (!holds) problems.push(problem());
  };

  expect(hasWholePatches(model), () => {
    const { width, height } = sizeOf(model.imageSize);
    const wrong = height % model.patchSize === 0 ? width : height;
    return misfit(
      "model.imageSize",
      sizeWord(model.imageSize),
      `${width === height ? "a multiple" : "multiples"} of model.patchSize = ${model.patchSize}`,
      nearMultiples(wrong, model.patchSize),
    );
  });
  for (const [width, heads] of [
    ["width", "heads"],
    ["decoderWidth", "decoderHeads"],
  ] as const) {
    const value = model[width];
    const factor = leastCommonMultiple(model[heads], 4);
    expect(value % factor === 0, () =>
      misfit(
        `model.${width}`,
        value,
        `a multiple of model.${heads} = ${model[heads]} and of 4, which sine-cosine positions need`,
        nearMultiples(value, factor),
      ),
    );
  }

  expect(
    Number.isInteger(model.width * model.mlpRatio) && Number.isInteger(model.decoderWidth * model.mlpRatio),
    () =>
      `model.mlpRatio: expected a ratio that gives whole widths for model.width = ${model.width} and ` +
      `model.decoderWidth = ${model.decoderWidth}; found ${model.mlpRatio}. Take ${Math.max(1, Math.round(model.mlpRatio))}`,
  );

  const group = groupSize(config);
  problems.push(...methodOf(config).misfits(config));

  expect(schedule.batchSize % group === 0, () =>
    misfit(
      "schedule.batchSize",
      schedule.batchSize,
      `a multiple of the ${group} images that are mixed at mixingRatio ${shareText(group)}`,
      batchAdvice(schedule.batchSize, group),
    ),
  );
  expect(
    schedule.batchSize % schedule.microBatch === 0,
    () =>
      `schedule.microBatch: expected a divisor of schedule.batchSize = ${schedule.batchSize}; found ${schedule.microBatch}. ` +
      `Take ${deriveMicroBatch(schedule.batchSize, group, schedule.microBatch)}, or leave it out`,
  );
  expect(schedule.microBatch % group === 0, () =>
    misfit(
      "schedule.microBatch",
      schedule.microBatch,
      `a multiple of the ${group} images that are mixed at mixingRatio ${shareText(group)}`,
      // The group divides every batch that is right, whatever becomes of the batch that is set.
      `Take ${schedule.batchSize % group === 0 ? deriveMicroBatch(schedule.batchSize, group, schedule.microBatch) : group}, or leave it out`,
    ),
  );

  problems.push(...channelMisfits(config), ...scheduleMisfits(schedule), ...sizeMisfits(config));
  return problems;
}

/** What does not fit the channels of the images. */
function channelMisfits({ model, data }: PretrainConfig): string[] {
  const channels = channelsOf(model);
  const problems = (["mean", "std"] as const)
    .filter((name) => data[name].length !== channels)
    .map(
      (name) =>
        `data.${name}: expected ${channels === 1 ? "1 number" : `${channels} numbers, one a channel`}; found ` +
        `${data[name].length}. Change it, or model.channels; or set data.normalization=measured`,
    );
  const changes = data.colorJitter === null ? [] : unsuitedChanges({ colorJitter: data.colorJitter }, channels);
  const isOpaque = channels === 1 || channels === 3;
  if (!isOpaque && data.background.some((value) => value !== 255)) {
    problems.push(
      `data.background: expected [255,255,255], the default, for images of ${channels} channels, behind which nothing is ` +
        `put; found [${data.background}]. Leave it out`,
    );
  }
  return [...problems, ...changes.map((change) => `data.${change}`)];
}

/** What is too large only together. */
function sizeMisfits(config: PretrainConfig): string[] {
  const { model, schedule } = config;
  const problems: string[] = [];
  const patches = Math.ceil(patchCount(model));
  if (patches > modelLimits.patches) {
    problems.push(
      `model.patchSize: expected at most ${formatCount(modelLimits.patches)} patches of an image; found ` +
        `${formatCount(patches)} in ${describeSize(model.imageSize)}. Raise it, or lower model.imageSize`,
    );
  }
  const parameters = countParameters(config);
  if (parameters > modelLimits.parameters) {
    problems.push(
      `model: expected at most ${formatCount(modelLimits.parameters)} parameters; found about ${formatCount(parameters)}. ` +
        "Lower model.width, model.depth or model.mlpRatio",
    );
  }
  problems.push(...batchMisfits(schedule.batchSize, model));
  return problems;
}

/** Whether a batch of images is more than one array can hold. */
export function batchMisfits(batchSize: number, shape: Pick<ModelShape, "imageSize" | "channels">): string[] {
  const most = Math.floor(runLimits.batchBytes / imageValues(shape));
  if (batchSize <= most) return [];
  return [
    `schedule.batchSize: expected at most ${formatCount(most)} images of ${describeSize(shape.imageSize)}, which ` +
      `${formatBytes(runLimits.batchBytes)} hold; found ${batchSize}. Lower it, or the image size`,
  ];
}

/** What does not fit within a schedule. */
export function scheduleMisfits(schedule: PretrainConfig["schedule"]): string[] {
  const problems: string[] = [];
  const pairs = [
    ["epochs", "steps"],
    ["baseLearningRate", "learningRate"],
    ["warmupEpochs", "warmupShare"],
  ] as const;
  for (const [first, second] of pairs) {
    const set = [first, second].filter((name) => schedule[name] !== null);
    if (set.length !== 1) {
      problems.push(
        `schedule: expected exactly one of ${first} and ${second}; found ${set.length === 0 ? "neither" : "both"}. Set one, and leave the other out`,
      );
    }
  }
  const { epochs, warmupEpochs } = schedule;
  if (epochs !== null && warmupEpochs !== null && warmupEpochs > epochs) {
    problems.push(
      `schedule.warmupEpochs: expected at most schedule.epochs = ${epochs}; found ${warmupEpochs}. Shorten it, or set schedule.warmupShare`,
    );
  }
  return problems;
}

function leastCommonMultiple(a: number, b: number): number {
  let [high, low] = [a, b];
  while (low > 0) [high, low] = [low, high % low];
  return (a / high) * b;
}
