// What is printed before the first step of a detection.

import { printable } from "../../terminal/printable.js";
import { formatBytes, formatCount, formatRate } from "../../terminal/quantities.js";
import type { AnnouncementLines } from "../../training/announce.js";
import type { DerivedSchedule } from "../../training/derived.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { SupervisedFacts } from "../../training/supervised-run.js";
import type { DetectConfig } from "./config.js";
import type { DetectionSet } from "./detection-set.js";

/** What is learnt from what, and the sections of the configuration that decide how. */
export function announceDetect(
  { config, folder }: RunDirectory<DetectConfig>,
  derived: DerivedSchedule,
  { set, held, threads, processes, memoryBytes, doneSteps }: SupervisedFacts & { readonly set: DetectionSet },
): AnnouncementLines {
  const { schedule, from, classes, model, head, augmentation, rateDecay } = config;
  const { width, depth, patchSize } = model.shape;
  const { imageSize } = augmentation;
  const start = doneSteps > 0 ? `continuing after step ${formatCount(doneSteps)}` : "a new run";
  const rate = Number(derived.learningRate.toPrecision(6));
  const objects = set.objects.reduce((sum, { length }) => sum + length, 0);
  const falls =
    rateDecay === "linear" ? `in a straight line to ${schedule.minLearningRate}` : "to a tenth near the end, twice";
  const facts: [string, string][] = [
    ["encoder", `${from.origin}: ${width} wide, ${depth} blocks, patches of ${patchSize} x ${patchSize} pixels`],
    [
      "heads",
      `Mask R-CNN, ${head.pyramid} pyramid, ${head.channels} channels, ${head.masks ? "boxes and masks" : "boxes"}`,
    ],
    [
      "objects",
      `${formatCount(objects)} of ${formatCount(classes.length)} classes in ${formatCount(set.source.count)} images`,
    ],
    ["images", held],
    ["batch", `${schedule.batchSize} squares of ${imageSize} x ${imageSize} pixels, ${schedule.microBatch} at once`],
    ["learning rate", `${rate} after ${formatCount(derived.warmupSteps)} steps, then ${falls}`],
    ["length", `${formatCount(derived.totalSteps)} steps, ${formatRate(derived.epochs)} epochs`],
    ["device", `${config.run.device}, ${threads} ${threads === 1 ? "thread" : "threads"}`],
    ...(processes === null ? [] : ([["processes", processes]] as [string, string][])),
    ["memory", `about ${formatBytes(memoryBytes)}`],
  ];
  const chosen = [
    ...(["head", "sampling", "testing", "encoder", "augmentation"] as const),
    ...(["regularization", "schedule", "optimizer"] as const),
  ] as const;
  return {
    lines: [`Detection, ${start} in ${folder}`, ...facts.map(([name, text]) => `  ${name.padEnd(15)}${text}`)].map(
      printable,
    ),
    configuration: chosen.map((section) => printable(`${section}: ${JSON.stringify(config[section])}`)),
  };
}
