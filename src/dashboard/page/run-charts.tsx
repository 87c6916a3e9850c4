// Every metric of some runs as charts that move together.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Curves, RunDetail, Series } from "../api.js";
import { Chart } from "./chart.js";
import { type Line, meanSeries, metricsOf, xOf } from "./chart-data.js";
import type { Level, Mark } from "./chart-marks.js";
import { type ChartControls, useChartSettings } from "./chart-settings.js";
import { ChartToolbar } from "./chart-toolbar.js";
import { saveCsv } from "./downloads.js";
import type { Source } from "./source.js";
import { useCurves, type Watched } from "./use-curves.js";

export interface ChartedRun extends Watched {
  readonly name: string;
  readonly detail: RunDetail | undefined;
}

interface RunChartsProps {
  readonly source: Source;
  readonly runs: readonly ChartedRun[];
  readonly theme: string;
  /** Between what is learnt and the optimizer and machine. */
  readonly children?: ComponentChildren;
}

export function RunCharts({ source, runs, theme, children }: RunChartsProps) {
  const controls = useChartSettings();
  const { curves, whole } = useCurves(
    source,
    runs.map(({ id, step }) => ({ id, step })),
    controls.settings,
  );
  const { learning, machine } = metricsOf([...curves.values()]);
  const charts = (metrics: readonly string[]) =>
    metrics.map((metric) => (
      <MetricChart key={metric} metric={metric} runs={runs} curves={curves} controls={controls} theme={theme} />
    ));
  return (
    <section aria-label="Curves">
      <ChartToolbar controls={controls} whole={whole} onCsv={() => void saveCsv(source, runs)} />
      {learning.length + machine.length === 0 && <p class="hint">No step has been logged yet.</p>}
      <div class="charts">{charts(learning)}</div>
      {children}
      {machine.length > 0 && (
        <>
          <h2 class="group">Optimizer and machine</h2>
          <div class="charts small">{charts(machine)}</div>
        </>
      )}
    </section>
  );
}

interface MetricChartProps {
  readonly metric: string;
  readonly runs: readonly ChartedRun[];
  readonly curves: ReadonlyMap<string, Curves>;
  readonly controls: ChartControls;
  readonly theme: string;
}

function MetricChart({ metric, runs, curves, controls, theme }: MetricChartProps) {
  const { axis } = controls.settings;
  const key = runs.map(({ id }) => id).join();
  const lines = useMemo(
    () => linesOf(metric, runs, curves, axis),
    [curves, axis, metric, key, runs.length === 1 && runs[0]!.detail?.firstBlock],
  );
  const details = runs.flatMap(({ detail }) => detail ?? []);
  const levels = useMemo(() => levelsOf(metric, details), [metric, details.length, key]);
  // Marks of several runs would not say whose they are.
  const [only] = runs.length === 1 ? runs : [];
  const known = only && curves.get(only.id);
  const marks = useMemo(
    () => (only?.detail && known ? marksOf(only.detail, known, controls) : []),
    [only?.detail?.marks.length, known, axis],
  );
  const meaning = details.find(({ meanings }) => meanings[metric] !== undefined)?.meanings[metric] ?? "";
  return (
    <Chart
      metric={metric}
      meaning={runs.length > 1 ? meaning.replace(", a list by block", ", mean of the blocks") : meaning}
      lines={lines}
      levels={levels}
      marks={marks}
      controls={controls}
      theme={theme}
    />
  );
}

type Axis = ChartControls["settings"]["axis"];

/** Of one run a line for each block; of several a line for each run. */
function linesOf(metric: string, runs: readonly ChartedRun[], curves: ReadonlyMap<string, Curves>, axis: Axis): Line[] {
  const line = (own: Curves, { mean, low, high }: Series, label: string, place: number): Line => ({
    ...{ label, place, low, high },
    x: xOf(own, axis),
    y: mean,
  });
  const [only] = runs;
  if (runs.length === 1) {
    const own = curves.get(only!.id);
    const series = own?.series.filter((each) => each.metric === metric) ?? [];
    const first = only!.detail?.firstBlock ?? 0;
    const nameOf = ({ block }: Series) => (block === null ? "" : `block ${first + block + 1}`);
    return series.map((each, place) => line(own!, each, nameOf(each), place));
  }
  return runs.flatMap(({ id, name }, place) => {
    const own = curves.get(id);
    const series = own && meanSeries(own, metric);
    return own && series ? [line(own, series, name, place)] : [];
  });
}

/** Each value once, where all runs that have it agree on what it is. */
function levelsOf(metric: string, details: readonly RunDetail[]): Level[] {
  const own = details.flatMap(({ levels }) => levels.filter((level) => level.metric === metric));
  return [...new Map(own.map((level) => [`${level.value} ${level.meaning}`, level])).values()];
}

function marksOf({ marks }: RunDetail, curves: Curves, { settings }: ChartControls): Mark[] {
  const x = xOf(curves, settings.axis);
  return marks.flatMap(({ step, type, message }) => {
    const index = curves.step.findIndex((each) => each >= step);
    const place = x[index < 0 ? x.length - 1 : index];
    return place === undefined ? [] : [{ x: place, type, message }];
  });
}
