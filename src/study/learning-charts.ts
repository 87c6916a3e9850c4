// How homologous recognition was learnt: TopK precision by block, and the contrastive loss, over the steps of a run.

import type { StepMetrics } from "../training/metrics-log.js";
import { lineChart, type Series } from "./line-chart.js";
import type { PretrainResult } from "./results.js";

export interface LearningChart {
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

/** Points of a curve: each is the mean over as many steps as are needed for so few. */
const POINTS = 120;

/** None for a method without recognition. */
export function learningCharts({ variant, seed, metrics }: PretrainResult): LearningChart[] {
  const title = `${variant}, seed ${seed}`;
  const charts: LearningChart[] = [];
  const blocks = [metrics[0]?.topkPrecision ?? []].flat().length;
  if (blocks > 0) {
    const series = Array.from(
      { length: blocks },
      (_, block): Series => ({
        name: `${ordinal(block + 1)} of these blocks`,
        plain: true,
        points: smoothed(metrics, (line) => 100 * (line.topkPrecision as readonly number[])[block]!),
      }),
    );
    charts.push({
      name: "precision",
      caption: `${title}: share of the attended patches that are homologous, by block`,
      svg: lineChart({
        title: `${title}: TopK precision by block with homologous attention`,
        xLabel: "step",
        yLabel: "homologous, percent",
        series,
      }),
    });
  }
  if (typeof metrics[0]?.contrastive === "number") {
    charts.push({
      name: "contrastive",
      caption: `${title}: contrastive loss`,
      svg: lineChart({
        title: `${title}: contrastive loss`,
        xLabel: "step",
        yLabel: "loss",
        series: [{ name: title, plain: true, points: smoothed(metrics, (line) => line.contrastive as number) }],
      }),
    });
  }
  return charts;
}

function smoothed(metrics: readonly StepMetrics[], figureOf: (line: StepMetrics) => number) {
  const size = Math.max(1, Math.ceil(metrics.length / POINTS));
  return Array.from({ length: Math.ceil(metrics.length / size) }, (_, group) => {
    const lines = metrics.slice(group * size, (group + 1) * size);
    const mean = lines.reduce((sum, line) => sum + figureOf(line), 0) / lines.length;
    return { x: lines.reduce((sum, { step }) => sum + step, 0) / lines.length, y: mean };
  });
}

function ordinal(place: number): string {
  return ["first", "second", "third"][place - 1] ?? `${place}th`;
}
