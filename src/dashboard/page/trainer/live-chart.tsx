// A small chart of a training: one line, or one for each block, over the steps so far.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { dashOf, readPalette, swatchClass } from "../palette.js";
import { valueText } from "../words.js";

export interface LiveLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

interface LiveChartProps {
  readonly title: string;
  readonly meaning: string;
  readonly steps: readonly number[];
  readonly lines: readonly LiveLine[];
  /** A value to compare with, such as chance. */
  readonly level?: number | undefined;
  readonly theme: string;
}

const HEIGHT = 200;
/** A line of more points is no clearer. */
const MOST_POINTS = 600;

export function LiveChart({ title, meaning, steps, lines, level, theme }: LiveChartProps) {
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = lines.map(({ name }) => name).join();
  useEffect(() => {
    const made = createPlot(target.current!, lines.length, level !== undefined);
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => made.setSize({ width: entry!.contentRect.width, height: HEIGHT }));
    observer.observe(target.current!);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [names, level, theme]);
  useEffect(() => {
    plot.current?.setData(dataOf(steps, lines, level));
  }, [steps.length, names, level, theme]);
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      <p class="meaning">{meaning}</p>
      <div class="live-plot" ref={target} />
      <ul class="live-values">
        {lines.map(({ name, values }, place) => (
          <li key={name}>
            {lines.length > 1 && <span class={swatchClass(place)} />} {name}{" "}
            <span class="number">{valueText(values.at(-1))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Means of neighbouring steps, so that a long training stays quick to draw. */
function dataOf(steps: readonly number[], lines: readonly LiveLine[], level: number | undefined): uPlot.AlignedData {
  const size = Math.max(1, Math.ceil(steps.length / MOST_POINTS));
  const buckets = Array.from({ length: Math.ceil(steps.length / size) }, (_, bucket) => bucket * size);
  const mean = (values: readonly (number | null)[], first: number) => {
    const known = values.slice(first, first + size).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return [
    buckets.map((first) => steps[Math.min(first + size, steps.length) - 1]!),
    ...lines.map(({ values }) => buckets.map((first) => mean(values, first))),
    ...(level === undefined ? [] : [buckets.map(() => level)]),
  ];
}

function createPlot(target: HTMLElement, count: number, hasLevel: boolean): uPlot {
  const palette = readPalette();
  const axis = {
    stroke: palette.muted,
    font: "11px system-ui, sans-serif",
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1, size: 4 },
  };
  return new uPlot(
    {
      ...{ width: Math.max(200, target.clientWidth), height: HEIGHT, padding: [8, 12, 0, 0] },
      ...{ legend: { show: false }, cursor: { show: false }, scales: { x: { time: false } } },
      axes: [
        { ...axis, size: 26 },
        { ...axis, size: 48 },
      ],
      series: [
        {},
        ...Array.from({ length: count }, (_, place) => ({
          ...{ stroke: palette.lines[place % palette.lines.length]!, width: 2, dash: dashOf(place) },
          points: { show: false },
        })),
        ...(hasLevel ? [{ stroke: palette.muted, width: 1, dash: [2, 4], points: { show: false } }] : []),
      ],
    },
    [[], ...Array.from({ length: count + (hasLevel ? 1 : 0) }, () => [])],
    target,
  );
}
