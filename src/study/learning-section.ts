// How homologous recognition was learnt: TopK precision by block, and the contrastive loss, over the steps of each run.

import { listOf } from "../methods/metric-values.js";
import { lineChart, type Series } from "../pictures/line-chart.js";
import type { StepMetrics } from "../training/metrics-file.js";
import { table } from "./markdown.js";
import { fileName } from "./names.js";
import type { PretrainResult } from "./results.js";

/** Points of a curve, at most: each is the mean over several steps. */
const POINTS = 120;
/** The metrics at the end are means over this share of the logged steps. */
const LAST = 0.05;

/** Adds its pictures to `pictures`; no lines where no method recognises. `pretrainings` in the order of the recipe. */
export function learningSection(pretrainings: readonly PretrainResult[], pictures: Map<string, string>): string[] {
  const recognising = pretrainings.filter(({ metrics }) => precisionsOf(metrics[0]).length > 0);
  const contrasting = pretrainings.filter(({ metrics }) => typeof metrics[0]?.contrastive === "number");
  if (recognising.length + contrasting.length === 0) return [];
  const shown: [string, string][] = [];
  const add = (name: string, caption: string, svg: string) => {
    pictures.set(`${name}.svg`, svg);
    shown.push([caption, `${name}.svg`]);
  };
  if (contrasting.length > 0) {
    const series = contrasting.map(({ variant, metrics }) =>
      curve(variant, metrics, (step) => step.contrastive as number),
    );
    const title = "Contrastive loss, a line for each seed";
    add("contrastive", title, lineChart({ title, xLabel: "step", yLabel: "loss", series }));
  }
  for (const variant of new Set(recognising.map((each) => each.variant))) {
    const own = recognising.filter((each) => each.variant === variant);
    const series = own.flatMap(({ metrics }) =>
      precisionsOf(metrics[0]).map((_, block) =>
        curve(blockName(block), metrics, (step) => 100 * precisionsOf(step)[block]!),
      ),
    );
    const title = `${variant}: TopK precision by block, a line for each seed`;
    const svg = lineChart({ title, xLabel: "step", yLabel: "homologous, percent", series });
    add(fileName(`precision ${variant}`), title, svg);
  }
  return [
    "## How recognition was learnt",
    "",
    "Of the patches that a patch attends to, the share from its own image (by block with homologous attention; before the",
    "softmax, so that patches with hardly any attention count as much), and the contrastive loss, at the end of the",
    "pre-training.",
    "",
    ...table(
      ["encoder", "seed", "precision by block, percent", "contrastive loss"],
      pretrainings
        .filter((each) => recognising.includes(each) || contrasting.includes(each))
        .map(({ variant, seed, metrics }) => lastMetrics(variant, seed, metrics)),
    ),
    "",
    ...shown.flatMap(([caption, file]) => [`![${caption}](${file})`, ""]),
  ];
}

function lastMetrics(variant: string, seed: number, metrics: readonly StepMetrics[]): string[] {
  const last = metrics.slice(-Math.max(1, Math.round(LAST * metrics.length)));
  const mean = (metricOf: (step: StepMetrics) => number) =>
    last.reduce((sum, step) => sum + metricOf(step), 0) / last.length;
  const precisions = precisionsOf(metrics[0]).map((_, block) => mean((step) => 100 * precisionsOf(step)[block]!));
  const contrastive = typeof metrics[0]?.contrastive === "number" ? mean((step) => step.contrastive as number) : null;
  return [variant, String(seed), precisions.map((each) => each.toFixed(0)).join(", "), contrastive?.toFixed(3) ?? ""];
}

function precisionsOf(step: StepMetrics | undefined): readonly number[] {
  return listOf(step?.topkPrecision);
}

function curve(name: string, metrics: readonly StepMetrics[], metricOf: (step: StepMetrics) => number): Series {
  const size = Math.max(1, Math.ceil(metrics.length / POINTS));
  const points = Array.from({ length: Math.ceil(metrics.length / size) }, (_, group) => {
    const steps = metrics.slice(group * size, (group + 1) * size);
    const mean = (of: (step: StepMetrics) => number) => steps.reduce((sum, step) => sum + of(step), 0) / steps.length;
    return { x: mean(({ step }) => step), y: mean(metricOf) };
  });
  return { name, plain: true, points: points.filter(({ y }) => Number.isFinite(y)) };
}

function blockName(block: number): string {
  return `${["first", "second", "third"][block] ?? `${block + 1}th`} of these blocks`;
}
