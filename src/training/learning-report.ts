// What a run has learnt, in plain words: the metrics of its last steps, and what they would be without learning.
import { type PretrainConfig, reconstructs } from "../config/config.js";
import { errorCode } from "../files/storage.js";
import { type MetricValues, meanOf } from "../methods/metric-values.js";
import { methodOf } from "../methods/registry.js";
import { warningLines, warningsOf } from "./health.js";
import { metricsLines } from "./metrics-file.js";
import { readRunConfig } from "./run-config.js";
import { runPaths } from "./run-folder.js";

/** Single batches differ: the last metrics are means over as many steps. */
const STEPS = 50;

/** Lines to print at the end of a run; none where it has logged no step. */
export async function describeLearning(folder: string): Promise<string[]> {
  let first: MetricValues | undefined;
  const last: MetricValues[] = [];
  try {
    for await (const { metrics } of metricsLines(runPaths(folder).metrics)) {
      if (metrics === undefined) continue;
      first ??= metrics;
      if (last.push(metrics) > STEPS) last.shift();
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return first === undefined ? [] : learningLines(readRunConfig(folder), first, meanOf(last));
}

/** `first` and `last` are steps as metrics.jsonl has them. */
export function learningLines(config: PretrainConfig, first: MetricValues, last: MetricValues): string[] {
  const lines = methodOf(config).describe(config, first, last);
  lines.push(...warningsOf(config, last).flatMap((warning) => warningLines(warning).map((line) => `  ${line}`)));
  if (typeof last.knnTop1 === "number") {
    const before = typeof first.knnTop1 === "number" ? `${share(first.knnTop1)} at step ${first.step}, ` : "";
    const nearest = `  nearest images  classify correctly ${before}${share(last.knnTop1)} at the end.`;
    lines.push(
      ...(reconstructs(config)
        ? [
            `${nearest} Low values are normal for`,
            "                  masked autoencoders: what counts is that they rise",
          ]
        : [nearest]),
    );
  }
  return lines;
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}
