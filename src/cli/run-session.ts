// What commands that train have in common: progress, Ctrl-C, and the words at the end.

import { join } from "node:path";
import type { DetectResult } from "../evaluations/detect/train-detector.js";
import type { FinetuneResult } from "../evaluations/finetune/finetune.js";
import type { FinetuneReport } from "../evaluations/finetune/finetune-report.js";
import { classTable, describeSets, percent } from "../evaluations/report.js";
import type { SegmentResult } from "../evaluations/segment/train-segmenter.js";
import { oneProcess } from "../processes/communicator.js";
import { Progress } from "../terminal/progress.js";
import { formatCount, formatDuration, formatRate } from "../terminal/quantities.js";
import { StoppedError } from "../training/errors.js";
import { EventDisplay } from "../training/event-display.js";
import type { EventOptions } from "../training/events.js";
import type { CreateEvaluator, RunOptions, RunSummary } from "../training/hooks.js";
import { describeLearning } from "../training/learning-report.js";
import { holdsRun } from "../training/run-folder.js";
import type { CliContext } from "./context.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

/** How a session prints. */
export interface SessionFlags {
  readonly verbose?: boolean;
}

/**
 * Runs a training and shows its events, prints what `describe` says of its end, and returns the exit code: 0 only for a
 * finished run.
 */
export async function runSession<Result>(
  { stdout, processes }: CliContext,
  folder: string,
  { verbose }: SessionFlags,
  train: (options: EventOptions) => Promise<{ readonly summary: RunSummary } & Result>,
  describe: (result: { readonly summary: RunSummary } & Result) => readonly string[] | Promise<readonly string[]>,
): Promise<number> {
  const progress = new Progress(stdout);
  const { communicator = oneProcess } = processes ?? {};
  const stop = listenForStop(
    () =>
      progress.print(
        progress.hasStepped
          ? "Stopping after this step, then saving. Ctrl-C again stops at once and saves nothing."
          : "Stopping. Ctrl-C again stops at once.",
      ),
    communicator.size > 1,
  );
  const { show } = new EventDisplay(progress, { verbose });
  try {
    const onEvent = communicator.rank === 0 ? show : undefined;
    const result = await train({ signal: stop.signal, onEvent, communicator });
    progress.end();
    if (communicator.rank > 0) return 0;
    for (const line of await describe(result)) stdout.write(`${line}\n`);
    return result.summary.outcome === "finished" ? 0 : exitCodeOf(stop.received() ?? "SIGINT");
  } catch (error) {
    if (!StoppedError.is(error)) throw error;
    processes?.fail(error);
    progress.end();
    for (const line of await describeStop(folder)) stdout.write(`${line}\n`);
    return exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    progress.end();
    stop.dispose();
  }
}

/** Stopped where there was nothing that the run's files do not hold. */
async function describeStop(folder: string): Promise<string[]> {
  return (await holdsRun(folder))
    ? ["Stopped: there was nothing to save.", `To continue: mixedae resume ${shellWord(folder)}`]
    : ["Stopped before the first step: there was nothing to save. To start, run the same command again."];
}

/** Pre-trains, and prints what was learnt. */
export function pretrainSession(
  context: CliContext,
  folder: string,
  flags: SessionFlags,
  train: (options: RunOptions) => Promise<RunSummary>,
): Promise<number> {
  return runSession(
    context,
    folder,
    flags,
    async (options) => ({ summary: await train({ ...options, createEvaluator }) }),
    async ({ summary }) => {
      const [headline, ...others] = describeEnd(summary, folder);
      return [headline!, ...(await describeLearning(folder)), ...others];
    },
  );
}

/** Loads what evaluates only where a run asks for it. */
const createEvaluator: CreateEvaluator = async (config, encoder, options) => {
  const { createKnnEvaluator } = await import("../evaluations/index.js");
  return createKnnEvaluator(config, encoder, options);
};

/** Fine-tunes, and prints how well the images are classified. */
export function finetuneSession(
  context: CliContext,
  folder: string,
  flags: SessionFlags,
  train: (options: EventOptions) => Promise<FinetuneResult>,
): Promise<number> {
  return runSession(context, folder, flags, train, ({ summary, report }) =>
    report === null ? describeEnd(summary, folder) : describeClassifier(summary, report, folder),
  );
}

/** Trains a segmentation, and prints how well pixels are labelled. */
export function segmentSession(
  context: CliContext,
  folder: string,
  flags: SessionFlags,
  train: (options: EventOptions) => Promise<SegmentResult>,
): Promise<number> {
  return runSession(context, folder, flags, train, async ({ summary, report }) => {
    if (report === null) return describeEnd(summary, folder);
    const { segmenterLines } = await import("../evaluations/segment/evaluate-segmenter.js");
    return [
      `Trained ${formatCount(summary.totalSteps)} steps in ${formatDuration(summary.seconds)}.`,
      ...segmenterLines(report),
      `  results     ${join(folder, "report.json")}`,
      `  picture     ${join(folder, "report.png")}`,
      `For masks of other images: mixedae segment predict ${shellWord(folder)} IMAGES --out FOLDER`,
    ];
  });
}

/** Trains a detection, and prints how well objects are found. */
export function detectSession(
  context: CliContext,
  folder: string,
  flags: SessionFlags,
  train: (options: EventOptions) => Promise<DetectResult>,
): Promise<number> {
  return runSession(context, folder, flags, train, async ({ summary, report }) => {
    if (report === null) return describeEnd(summary, folder);
    const { detectorLines } = await import("../evaluations/detect/evaluate-detector.js");
    return [
      `Trained ${formatCount(summary.totalSteps)} steps in ${formatDuration(summary.seconds)}.`,
      ...detectorLines(report),
      `  results     ${join(folder, "report.json")}`,
      `  picture     ${join(folder, "report.png")}`,
      `For objects in other images: mixedae detect predict ${shellWord(folder)} IMAGES --out FOLDER`,
    ];
  });
}

function describeClassifier(summary: RunSummary, report: FinetuneReport, folder: string): string[] {
  const { top1, top5 } = report.detail;
  const { totalSteps, seconds } = summary;
  return [
    describeSets(report),
    `Fine-tuned ${formatCount(totalSteps)} steps in ${formatDuration(seconds)}: top-1 ${percent(top1)}` +
      (top5 === null ? "" : `, top-5 ${percent(top5)}`),
    ...classTable(report.detail),
    `  results     ${join(folder, "report.json")}`,
    `  confusion   ${join(folder, "report.png")}`,
    `To label other images: mixedae classify ${shellWord(folder)} IMAGES`,
  ];
}

/** How the run ended, where its files are, and what can be done next. */
export function describeEnd(summary: RunSummary, folder: string): string[] {
  const { step, totalSteps, loss, seconds, images, checkpoint, picture } = summary;
  const pace = seconds > 0 && images > 0 ? `, ${formatRate(images / seconds)} images/s` : "";
  const lossText = loss === null ? "" : `, loss ${loss.toFixed(4)}`;
  const files = [
    ...(checkpoint === null ? [] : [`  checkpoint  ${checkpoint}`]),
    ...(picture === null ? [] : [`  picture     ${picture}`]),
  ];
  if (summary.outcome === "stopped") {
    return [
      `Stopped after step ${formatCount(step)} of ${formatCount(totalSteps)}${lossText}.`,
      ...files,
      `To continue: mixedae resume ${shellWord(folder)}`,
    ];
  }
  return [
    `Finished ${formatCount(totalSteps)} steps in ${formatDuration(seconds)}${lossText}${pace}.`,
    ...files,
    picture === null
      ? `To use what it has learnt: mixedae embed IMAGES --from ${shellWord(folder)} --out FEATURES.npy`
      : `To see reconstructions of other images: mixedae reconstruct ${shellWord(folder)} IMAGES --out FILE.png`,
  ];
}

/** A path as it can be pasted into a shell. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
