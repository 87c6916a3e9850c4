// One metric as a chart: its curves, what it means, and the values under the cursor; by mouse, touch and keyboard.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { type Line, nearest, smoothed, type XAxis } from "./chart-data.js";
import type { Level, Mark } from "./chart-marks.js";
import { createPlot, type Drawing, plotData, plotKey } from "./chart-plot.js";
import { chartPng } from "./chart-png.js";
import type { ChartControls } from "./chart-settings.js";
import { saveBlob } from "./downloads.js";
import { readPalette, swatchClass } from "./palette.js";
import { countText, durationText, metricName, sentence, valueText } from "./words.js";

export interface ChartProps {
  readonly metric: string;
  /** What it means, in words. */
  readonly meaning: string;
  readonly lines: readonly Line[];
  readonly levels?: readonly Level[];
  readonly marks?: readonly Mark[];
  readonly controls: ChartControls;
  readonly theme: string;
}

const NONE: readonly never[] = [];

export function Chart({ metric, meaning, lines, levels = NONE, marks = NONE, controls, theme }: ChartProps) {
  const { settings, change } = controls;
  const target = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [hover, setHover] = useState<number | null>(null);
  const drawing: Drawing = { lines, levels, marks, settings };
  const current = useRef(drawing);
  current.current = drawing;
  const key = plotKey(drawing, theme);
  const title = metricName(metric);

  useEffect(() => {
    const element = target.current!;
    const made = createPlot(element, () => current.current, readPalette(), {
      onHover: setHover,
      onRange: (range) => change({ range }),
    });
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: Math.max(200, element.clientWidth), height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [key]);

  useEffect(() => plot.current?.setData(plotData(current.current)), [lines, levels, marks, settings]);

  const shown = useMemo(
    () => lines.map((line) => ({ line, smooth: smoothed(line.y, settings.smoothing) })),
    [lines, settings.smoothing],
  );
  const values = shown.map(({ line, smooth }) => valueAt(line, smooth, hover));

  const onKey = (event: KeyboardEvent) => {
    const direction = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const u = plot.current;
    if (u === undefined || direction === 0) return;
    event.preventDefault();
    const { left = -1 } = u.cursor;
    const begin = left < 0 ? (direction > 0 ? 0 : u.over.clientWidth) : left;
    const next = begin + (direction * u.over.clientWidth) / 40;
    u.setCursor({ left: Math.min(Math.max(0, next), u.over.clientWidth - 1), top: 1 });
  };

  return (
    <figure class="chart">
      <figcaption>
        <div class="chart-title">
          <h3>{title}</h3>
          <button
            type="button"
            class="quiet"
            aria-label={`Download the chart of ${title} as PNG`}
            onClick={async () => saveBlob(await chartPng(plot.current!, title, lines), `${metric}.png`)}
          >
            PNG
          </button>
        </div>
        {meaning && <p class="meaning">{sentence(meaning)}.</p>}
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor of the chart */}
      <div class="plot" ref={target} role="img" tabIndex={0} aria-label={described(title, lines)} onKeyDown={onKey} />
      <ul class="values" aria-live="off">
        <li class="at">{hover === null ? "last" : hoverText(hover, settings.axis)}</li>
        {lines.map(({ label, place }, index) => (
          <li key={`${place} ${label}`}>
            {label !== "" && <span class={swatchClass(place)} aria-hidden="true" />}
            {label !== "" && <span class="label">{label}</span>}
            <b>{valueText(values[index])}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function hoverText(x: number, axis: XAxis): string {
  return axis === "time" ? durationText(x) : `${axis === "step" ? "step" : "image"} ${countText(x)}`;
}

/** Smoothed, as it is drawn; the last one without a cursor. */
function valueAt({ x, y }: Line, smooth: readonly (number | null)[], hover: number | null): number | null {
  if (hover === null) return smooth.findLast((value) => value !== null) ?? null;
  const index = nearest(x, hover);
  return index < 0 || y[index] === null ? null : smooth[index]!;
}

function described(title: string, lines: readonly Line[]): string {
  const parts = lines.map(({ label, y }) => {
    const known = y.filter((value) => value !== null);
    if (known.length === 0) return `${label || "value"}: no values`;
    const ends = `from ${valueText(known[0])} to ${valueText(known.at(-1))}`;
    return `${label || "value"}: ${ends}, least ${valueText(Math.min(...known))}, most ${valueText(Math.max(...known))}`;
  });
  return `${title}. ${parts.join(". ")}. Arrow keys read values.`;
}
