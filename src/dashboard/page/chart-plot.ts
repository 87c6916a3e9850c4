// A chart as uPlot draws it: bands of least and most, faint curves as they are, and smoothed ones over them.

import uPlot from "uplot";
import { joined, type Line, smoothed, type XAxis } from "./chart-data.js";
import { drawLevels, drawMarks, type Level, type Mark } from "./chart-marks.js";
import type { ChartSettings } from "./chart-settings.js";
import { dashOf, LINE_COLORS, type Palette } from "./palette.js";
import { logTicks } from "./ticks.js";
import { durationText, valueText } from "./words.js";

export interface Drawing {
  readonly lines: readonly Line[];
  readonly levels: readonly Level[];
  readonly marks: readonly Mark[];
  readonly settings: ChartSettings;
}

export interface PlotHandlers {
  /** The x under the cursor; null where it left. */
  readonly onHover: (x: number | null) => void;
  readonly onRange: (range: readonly [number, number] | null) => void;
}

/** Columns of a line: its band, itself, and itself smoothed. */
const COLUMNS = 4;

/** All charts with this key show one cursor. */
const TOGETHER = "mixedae";

export function plotData({ lines, settings }: Drawing): uPlot.AlignedData {
  const positive = (values: readonly (number | null)[]) =>
    settings.logY ? values.map((value) => (value !== null && value > 0 ? value : null)) : values;
  const tables = lines.map(({ x, y, low, high }) => {
    const none = new Array<number | null>(x.length).fill(null);
    const hasRaw = settings.smoothing > 0;
    return {
      x: settings.logX ? x.map((each) => Math.max(each, 1e-3)) : x,
      columns: [low ?? none, high ?? none, hasRaw ? y : none, smoothed(y, settings.smoothing)].map(positive),
    };
  });
  return joined(tables) as uPlot.AlignedData;
}

/** What needs a new plot where it changes; all else is put into the one there is. */
export function plotKey({ lines, settings }: Drawing, theme: string): string {
  const { axis, logX, logY } = settings;
  return JSON.stringify([lines.map(({ place }) => place), axis, logX, logY, theme]);
}

export function createPlot(
  target: HTMLElement,
  current: () => Drawing,
  palette: Palette,
  { onHover, onRange }: PlotHandlers,
): uPlot {
  const { lines, settings } = current();
  const { axis, logX, logY } = settings;
  const axisStyle = {
    stroke: palette.muted,
    font: "11px system-ui, sans-serif",
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1, size: 4 },
    gap: 4,
  };
  return new uPlot(
    {
      width: Math.max(200, target.clientWidth),
      height: target.clientHeight,
      padding: [10, 22, 0, 0],
      legend: { show: false },
      scales: {
        x: {
          time: false,
          distr: logX ? 3 : 1,
          range: (_, least, most) => (current().settings.range as [number, number]) ?? wide(least, most),
        },
        y: { distr: logY ? 3 : 1, range: (_, least, most) => yRange(least, most, current().levels, logY) },
      },
      axes: [
        { ...axisStyle, size: 30, space: 70, ...ticks(logX, (value) => xText(value, axis)) },
        { ...axisStyle, size: 52, ...ticks(logY, valueText) },
      ],
      series: [{}, ...lines.flatMap(({ place }) => seriesOf(place, palette))],
      bands: lines.map(({ place }, index) => ({
        series: [index * COLUMNS + 2, index * COLUMNS + 1],
        fill: faint(palette.lines[place % LINE_COLORS]!, 0.14),
      })),
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: { key: TOGETHER, scales: ["x", null] },
        bind: {
          dblclick: () => () => {
            onRange(null);
            return null;
          },
        },
      },
      hooks: {
        setCursor: [({ cursor, posToVal }) => onHover((cursor.left ?? -1) < 0 ? null : posToVal(cursor.left!, "x"))],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            onRange([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        draw: [
          (plot) => {
            drawLevels(plot, current().levels, palette);
            drawMarks(plot, current().marks, palette);
          },
        ],
      },
    },
    plotData(current()),
    target,
  );
}

/** On a logarithmic axis at places of our own: uPlot looks for its own ones forever where the least is no round number. */
function ticks(log: boolean, text: (value: number) => string): uPlot.Axis {
  return {
    values: (_, splits) => splits.map((value) => (value === null ? "" : text(value))),
    ...(log && { splits: (_, __, least, most) => logTicks(least, most), filter: (_, splits) => splits }),
  };
}

function seriesOf(place: number, palette: Palette): uPlot.Series[] {
  const stroke = palette.lines[place % LINE_COLORS]!;
  const common = { spanGaps: true, points: { show: false } };
  const edge = { ...common, stroke: "transparent", width: 0 };
  return [
    edge,
    edge,
    { ...common, stroke: faint(stroke, 0.35), width: 1 },
    { ...common, stroke, width: 2, dash: dashOf(place), points: { show: lonely, fill: stroke, size: 5 } },
  ];
}

/** A single value is no line: it is shown as a point. */
function lonely(plot: uPlot, series: number): boolean {
  return (plot.data[series] ?? []).filter((value) => value !== null).length <= 2;
}

/** A colour of the style sheet, with less of it. */
function faint(color: string, share: number): string {
  return `color-mix(in srgb, ${color} ${100 * share}%, transparent)`;
}

function wide(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 1];
  return least === most ? [least - 0.5, most + 0.5] : [least, most];
}

/** Levels to compare with are in sight. */
function yRange(least: number | null, most: number | null, levels: readonly Level[], log: boolean): [number, number] {
  if (least === null || most === null) return log ? [0.1, 1] : [0, 1];
  const low = Math.min(least, ...levels.map(({ value }) => value));
  const high = Math.max(most, ...levels.map(({ value }) => value));
  if (log) return [low / 1.2, high * 1.2];
  const span = high - low || Math.abs(high) || 1;
  const room = 0.07 * span;
  // The words below the lowest level need room.
  if (levels.length > 0) return [low - 0.16 * span, high + room];
  // What is never negative has its ground at 0 where it comes near to it.
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

function xText(value: number, axis: XAxis): string {
  if (axis === "time") return durationText(value);
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(4))} k`;
  return String(Number(value.toFixed(2)));
}
