// What is printed before the first step of a segmentation.

import { printable } from "../../terminal/printable.js";
import { formatBytes, formatCount, formatRate } from "../../terminal/quantities.js";
import type { AnnouncementLines } from "../../training/announce.js";
import type { DerivedSchedule } from "../../training/derived.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { SupervisedFacts } from "../../training/supervised-run.js";
import type { SegmentConfig } from "./config.js";
import type { SegmentationSet } from "./segmentation-set.js";

const LAYOUTS = {
  ade20k: "in ADE20K's layout, where 0 is no label",
  scenes: "composed scenes",
  pair: "in the folders images and masks",
} as const;

/** What is learnt from what, and the sections of the configuration that decide how. */
export function announceSegment(
  { config, folder }: RunDirectory<SegmentConfig>,
  derived: DerivedSchedule,
  { set, held, threads, processes, memoryBytes, doneSteps }: SupervisedFacts & { readonly set: SegmentationSet },
): AnnouncementLines {
  const { schedule, from, classes, model, head, augmentation } = config;
  const { width, depth, patchSize } = model.shape;
  const { cropSize } = augmentation;
  const start = doneSteps > 0 ? `continuing after step ${formatCount(doneSteps)}` : "a new run";
  const rate = Number(derived.learningRate.toPrecision(6));
  const headText =
    head.kind === "upernet" ? `UPerNet, ${head.channels} channels, ${head.norm} normalisation` : "linear";
  const facts: [string, string][] = [
    ["encoder", `${from.origin}: ${width} wide, ${depth} blocks, patches of ${patchSize} x ${patchSize} pixels`],
    ["head", headText],
    [
      "masks",
      `${formatCount(set.source.count)} images, ${formatCount(classes.length)} classes, ${LAYOUTS[set.layout]}`,
    ],
    ["images", held],
    ["batch", `${schedule.batchSize} crops of ${cropSize} x ${cropSize} pixels, ${schedule.microBatch} at once`],
    [
      "learning rate",
      `${rate} after ${formatCount(derived.warmupSteps)} steps, then in a straight line to ${schedule.minLearningRate}`,
    ],
    ["length", `${formatCount(derived.totalSteps)} steps, ${formatRate(derived.epochs)} epochs`],
    ...(processes === null ? [] : ([["processes", processes]] as [string, string][])),
    ["device", `${config.run.device}, ${threads} ${threads === 1 ? "thread" : "threads"}`],
    ["memory", `about ${formatBytes(memoryBytes)}`],
  ];
  const chosen = ["head", "encoder", "augmentation", "regularization", "schedule", "optimizer"] as const;
  return {
    lines: [`Segmentation, ${start} in ${folder}`, ...facts.map(([name, text]) => `  ${name.padEnd(15)}${text}`)].map(
      printable,
    ),
    configuration: chosen.map((section) => printable(`${section}: ${JSON.stringify(config[section])}`)),
  };
}
