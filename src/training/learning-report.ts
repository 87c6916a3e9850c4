// What a run has learnt, in plain words: the figures of its last steps beside what they would be without learning.
import { stat } from "node:fs/promises";
import {
  groupSize,
  type IbotConfig,
  type PretrainConfig,
  type ReconstructingConfig,
  reconstructs,
} from "../config/config.js";
import { readFully, withDescriptor } from "../files/storage.js";
import { idleLoss, separatedLoss } from "../methods/homologous-contrastive.js";
import { ibotFigures, ibotHealthLines } from "../methods/ibot/health.js";
import { type Figures, meanOf } from "./figures.js";
import { warningLines, warningsOf } from "./health.js";
import { inOrder, parseStep } from "./metrics-file.js";
import { readRunConfig } from "./run-config.js";
import { runPaths } from "./run-directory.js";

/** Bytes read from the beginning and from the end of metrics.jsonl, however long it is. */
const WINDOW = 64 * 1024;
/** Single batches differ: the last figures are means over so many steps. */
const STEPS = 50;
/** Images that are told apart nearly for certain: the share of the way from the idle loss that is left (our choice). */
const NEARLY_SEPARATED = 0.15;
const TOLD = [
  "  Images are told apart nearly for certain: more likely by their segment embeddings than by what the patches show.",
  "  A run to compare with: --set methodOptions.segmentEmbedding=false, or a smaller methodOptions.contrastiveWeight.",
];
/** A block that picks homologous patches this many times as often as chance does recognises them. */
const CLEARLY = 1.4;

/** Lines to print at the end of a run; none where it has logged no step. */
export async function describeLearning(folder: string): Promise<string[]> {
  const path = runPaths(folder).metrics;
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size === 0) return [];
  const [begin, end] = await withDescriptor(path, async (descriptor) => {
    const head = new Uint8Array(Math.min(size, WINDOW));
    const tail = new Uint8Array(head.length);
    await readFully(descriptor, head, 0);
    await readFully(descriptor, tail, size - tail.length);
    return [linesOf(head), linesOf(tail)];
  });
  const [first] = begin!;
  return first === undefined ? [] : learningLines(readRunConfig(folder), first, meanOf(end!.slice(-STEPS)));
}

/** `first` and `last` are steps as metrics.jsonl has them. */
export function learningLines(config: PretrainConfig, first: Figures, last: Figures): string[] {
  const lines = reconstructs(config) ? reconstructionLines(config, first, last) : teacherLines(config, last);
  lines.push(...warningsOf(config, last).flatMap((warning) => warningLines(warning).map((line) => `  ${line}`)));
  if (typeof last.knnTop1 === "number") {
    const before = typeof first.knnTop1 === "number" ? `${share(first.knnTop1)} at step ${first.step}, ` : "";
    const told = `  nearest images  tell the class of ${before}${share(last.knnTop1)} at the end.`;
    lines.push(
      ...(reconstructs(config)
        ? [`${told} Low values are normal for`, "                  masked autoencoders: what counts is that they rise"]
        : [told]),
    );
  }
  return lines;
}

function reconstructionLines(config: ReconstructingConfig, first: Figures, last: Figures): string[] {
  const lines = [
    `  reconstruction  error of hidden patches ${figure(first.reconstruction)} at step ${first.step}, ` +
      `${figure(last.reconstruction)} at the end`,
  ];
  const { topkPrecision, contrastive } = last;
  const chance = 1 / groupSize(config);
  const precisions = listOf(topkPrecision);
  if (precisions.length > 0) {
    const shares = precisions.map(percent).join(", ");
    lines.push(`  recognition     attention to the own image, by block: ${shares}; chance is ${percent(chance)}`);
  }
  if (config.method === "mixedae" && typeof contrastive === "number") {
    lines.push(...contrastiveLines(config, contrastive, precisions));
  }
  return lines;
}

function contrastiveLines(
  config: Extract<ReconstructingConfig, { method: "mixedae" }>,
  contrastive: number,
  precisions: readonly number[],
): string[] {
  const { model, methodOptions } = config;
  const images = groupSize(config);
  const patches = (model.imageSize / model.patchSize) ** 2;
  const idle = idleLoss(patches);
  const separated = separatedLoss(patches, images, methodOptions.temperature);
  const isTold = methodOptions.segmentEmbedding && contrastive < separated + NEARLY_SEPARATED * (idle - separated);
  return [
    `  contrastive     ${figure(contrastive)}; ${figure(idle)} where all patches look alike to the model, ` +
      `${figure(separated)} where their images are told apart for certain`,
    ...(isTold ? TOLD : [`  ${verdict(precisions, 1 / images, contrastive < idle - 0.1)}`]),
  ];
}

function teacherLines({ methodOptions }: IbotConfig, last: Figures): string[] {
  const figures = ibotFigures(last);
  return figures === undefined ? [] : ibotHealthLines(figures, methodOptions.prototypes);
}

/** The last block may look elsewhere once its patches know where they belong: any block will do. */
function verdict(precisions: readonly number[], chance: number, isApart: boolean): string {
  const recognises = isApart && (precisions.length === 0 || Math.max(...precisions) >= CLEARLY * chance);
  return recognises
    ? "Recognition has started: patches find the patches of their own image within the mixture."
    : "Recognition has not started yet: it takes many steps. Give it more (--steps), or smaller batches (--batch-size).";
}

/** A figure by block is a plain number where there is one block. */
function listOf(value: Figures[string] | undefined): readonly number[] {
  return value === undefined ? [] : typeof value === "number" ? [value] : value;
}

function linesOf(bytes: Uint8Array): Figures[] {
  // The first piece of a window may be half a line, the last one of a killed process too.
  const lines = new TextDecoder().decode(bytes).split("\n");
  return inOrder(lines.map(parseStep).filter((step) => step !== undefined));
}

function figure(value: Figures[string] | undefined): string {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : "unknown";
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
