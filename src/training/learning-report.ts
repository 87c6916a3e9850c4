// What a run has learnt, in plain words: the metrics of its last steps beside what they would be without learning.
import { stat } from "node:fs/promises";
import { type PretrainConfig, reconstructs } from "../config/config.js";
import { readFully, withDescriptor } from "../files/storage.js";
import { type MetricValues, meanOf } from "../methods/metric-values.js";
import { methodOf } from "../methods/registry.js";
import { warningLines, warningsOf } from "./health.js";
import { inOrder, parseStep } from "./metrics-file.js";
import { readRunConfig } from "./run-config.js";
import { runPaths } from "./run-directory.js";

/** Bytes read from the beginning and from the end of metrics.jsonl, however long it is. */
const WINDOW = 64 * 1024;
/** Single batches differ: the last metrics are means over so many steps. */
const STEPS = 50;
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
export function learningLines(config: PretrainConfig, first: MetricValues, last: MetricValues): string[] {
  const lines = methodOf(config).describe(config, first, last);
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

function linesOf(bytes: Uint8Array): MetricValues[] {
  // The first piece of a window may be half a line, the last one of a killed process too.
  const lines = new TextDecoder().decode(bytes).split("\n");
  return inOrder(lines.map(parseStep).filter((step) => step !== undefined));
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}
