// What is printed before the first step of a fine-tuning.

import { describeSize } from "../../data/image-size.js";
import { printable } from "../../terminal/printable.js";
import { formatBytes, formatCount, formatRate } from "../../terminal/quantities.js";
import type { AnnouncementLines } from "../../training/announce.js";
import type { DerivedSchedule } from "../../training/derived.js";
import type { RunDirectory } from "../../training/run-directory.js";
import type { FinetuneConfig } from "./config.js";

export interface FinetuneFacts {
  /** Images to learn from, and how they are held. */
  readonly images: number;
  readonly held: string;
  readonly threads: number;
  readonly processes: string | null;
  readonly memoryBytes: number;
  /** Steps done before, in a resumed run. */
  readonly doneSteps: number;
}

/** What is learnt from what, and the sections of the configuration that decide how. */
export function announceFinetune(
  { config, folder }: RunDirectory<FinetuneConfig>,
  derived: DerivedSchedule,
  { images, held, threads, processes, memoryBytes, doneSteps }: FinetuneFacts,
): AnnouncementLines {
  const { schedule, labels, from, classes, model } = config;
  const { width, depth, imageSize } = model.shape;
  const start = doneSteps > 0 ? `continuing after step ${formatCount(doneSteps)}` : "a new run";
  const share = labels.fraction < 1 ? `, ${Number((100 * labels.fraction).toPrecision(3))}% of the labels` : "";
  const rate = Number(derived.learningRate.toPrecision(6));
  const facts: [string, string][] = [
    ["encoder", `${from.origin}: ${width} wide, ${depth} blocks, ${describeSize(imageSize)}`],
    ["labelled", `${formatCount(images)} images of ${formatCount(classes.length)} classes${share}: ${held}`],
    ["batch", `${schedule.batchSize} images, ${schedule.microBatch} at once`],
    [
      "learning rate",
      `${rate} after ${formatCount(derived.warmupSteps)} steps, then half-cosine to ${schedule.minLearningRate}`,
    ],
    ["length", `${formatCount(derived.totalSteps)} steps, ${formatRate(derived.epochs)} epochs`],
    ...(processes === null ? [] : ([["processes", processes]] as [string, string][])),
    ["device", `${config.run.device}, ${threads} ${threads === 1 ? "thread" : "threads"}`],
    ["memory", `about ${formatBytes(memoryBytes)}`],
  ];
  const chosen = ["pooling", "augmentation", "regularization", "schedule", "optimizer"] as const;
  return {
    lines: [`Fine-tuning, ${start} in ${folder}`, ...facts.map(([name, text]) => `  ${name.padEnd(15)}${text}`)].map(
      printable,
    ),
    configuration: chosen.map((section) => printable(`${section}: ${JSON.stringify(config[section])}`)),
  };
}
