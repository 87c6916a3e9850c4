// A line chart as an SVG file: a few series over a common axis, with error bars where there are any.

import { at, COLORS, line, roundTicks, svgPage, text, tickText } from "./svg.js";

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Half the length of the error bar. */
  readonly error?: number | null;
}

export interface Series {
  /** Series of one name have one colour, and one place in the legend. */
  readonly name: string;
  readonly points: readonly Point[];
  /** Thin lines without marks, for series with many points. */
  readonly plain?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Places of the marks below; by default a few round numbers. */
  readonly xTicks?: readonly { readonly at: number; readonly text: string }[];
  /** Whether the horizontal axis is logarithmic: then every x is above 0. */
  readonly logX?: boolean;
  /** A dashed horizontal line with its name. */
  readonly level?: { readonly at: number; readonly name: string };
}

interface Pen {
  readonly color: string;
  readonly dash: string;
}

const WIDTH = 720;
const FRAME = { left: 64, right: 700, top: 48, bottom: 340 } as const;
/** Told apart by colour first, then by dashes. */
const DASHES = ["", ' stroke-dasharray="7 3"', ' stroke-dasharray="2 2"'];
/** Names that are too long for three columns stand in two. */
const LEGEND = { row: 18, width: 645, longName: 24 } as const;

export function lineChart({ title, xLabel, yLabel, series, xTicks, logX = false, level }: LineChart): string {
  const points = series.flatMap((each) => each.points);
  const xs = points.map(({ x }) => (logX ? Math.log10(x) : x));
  const ys = [...points.flatMap(({ y, error }) => [y - (error ?? 0), y + (error ?? 0)]), ...(level ? [level.at] : [])];
  const [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  const yTicks = roundTicks(Math.min(...ys), Math.max(...ys));
  const [yLow, yHigh] = [yTicks[0]!, yTicks.at(-1)!];
  const xAt = (x: number) => {
    const value = logX ? Math.log10(x) : x;
    const share = xHigh === xLow ? 0.5 : (value - xLow) / (xHigh - xLow);
    return FRAME.left + 16 + share * (FRAME.right - FRAME.left - 32);
  };
  const yAt = (y: number) => FRAME.bottom - ((y - yLow) / (yHigh - yLow)) * (FRAME.bottom - FRAME.top);
  const ticks = xTicks ?? roundTicks(xLow, xHigh).map((place) => ({ at: place, text: tickText(place) }));
  const names = [...new Set(series.map(({ name }) => name))];
  const penOf = (name: string): Pen => {
    const index = names.indexOf(name);
    return { color: COLORS[index % COLORS.length]!, dash: DASHES[Math.floor(index / COLORS.length) % DASHES.length]! };
  };

  const columns = names.some((name) => name.length > LEGEND.longName) ? 2 : 3;

  return svgPage(WIDTH, FRAME.bottom + 64 + Math.ceil(names.length / columns) * LEGEND.row, [
    text(WIDTH / 2, 26, title, 'text-anchor="middle" font-size="16"'),
    ...yTicks.flatMap((y) => [
      line(FRAME.left, yAt(y), FRAME.right, yAt(y), 'stroke="#dddddd"'),
      text(FRAME.left - 8, yAt(y) + 4, tickText(y), 'text-anchor="end"'),
    ]),
    ...ticks
      .filter(({ at: x }) => xAt(x) >= FRAME.left && xAt(x) <= FRAME.right)
      .map(({ at: x, text: label }) => text(xAt(x), FRAME.bottom + 20, label, 'text-anchor="middle"')),
    text((FRAME.left + FRAME.right) / 2, FRAME.bottom + 42, xLabel, 'text-anchor="middle"'),
    `<g transform="translate(18 ${(FRAME.top + FRAME.bottom) / 2}) rotate(-90)">${text(0, 0, yLabel, 'text-anchor="middle"')}</g>`,
    ...(level ? levelLine(level, yAt) : []),
    ...series.flatMap((each) => drawn(each, penOf(each.name), xAt, yAt)),
    ...names.flatMap((name, index) => legend(name, penOf(name), index, columns)),
  ]);
}

function drawn(
  { points, plain = false }: Series,
  { color, dash }: Pen,
  xAt: (x: number) => number,
  yAt: (y: number) => number,
): string[] {
  const path = points.map(({ x, y }) => `${at(xAt(x))},${at(yAt(y))}`).join(" ");
  const curve = `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${plain ? 1.4 : 2.2}"${dash}/>`;
  if (plain) return [curve];
  return [
    curve,
    ...points.flatMap(({ x, y, error }) => [
      `<circle cx="${at(xAt(x))}" cy="${at(yAt(y))}" r="4" fill="${color}"/>`,
      ...(error ? [line(xAt(x), yAt(y - error), xAt(x), yAt(y + error), `stroke="${color}" stroke-width="1.5"`)] : []),
    ]),
  ];
}

function levelLine({ at: y, name }: NonNullable<LineChart["level"]>, yAt: (y: number) => number): string[] {
  return [
    line(FRAME.left, yAt(y), FRAME.right, yAt(y), 'stroke="#666666" stroke-dasharray="5 4"'),
    text(FRAME.right - 4, yAt(y) - 5, name, 'text-anchor="end" fill="#666666"'),
  ];
}

function legend(name: string, { color, dash }: Pen, index: number, columns: number): string[] {
  const left = FRAME.left + (index % columns) * (LEGEND.width / columns);
  const top = FRAME.bottom + 62 + Math.floor(index / columns) * LEGEND.row;
  return [
    line(left, top, left + 22, top, `stroke="${color}" stroke-width="3"${dash}`),
    text(left + 28, top + 4, name.length > 42 ? `${name.slice(0, 41)}.` : name),
  ];
}
