// A chart of a row for each name: its values as dots, their mean and deviation, and a line to compare with.

import { at, COLORS, line, roundTicks, svgPage, text, tickText } from "./svg.js";

export interface DotRow {
  readonly name: string;
  readonly values: readonly number[];
  readonly mean: number;
  /** Null where there is none. */
  readonly deviation: number | null;
}

export interface DotChart {
  readonly title: string;
  readonly xLabel: string;
  readonly rows: readonly DotRow[];
  /** Where a dashed vertical line is drawn. */
  readonly level?: number;
}

const TOP = 52;
const FRAME_WIDTH = 470;
const RIGHT_MARGIN = 30;
const ROW = 28;
/** Of a letter in a name, somewhat more than the average. */
const LETTER = 7.2;
const NAME_GAP = 12;

export function dotChart({ title, xLabel, rows, level }: DotChart): string {
  const shown = rows.flatMap(({ values, mean, deviation }) =>
    deviation === null ? values : [...values, mean - deviation, mean + deviation],
  );
  if (level !== undefined) shown.push(level);
  const ticks = roundTicks(Math.min(...shown), Math.max(...shown));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const left = Math.ceil(Math.max(...rows.map(({ name }) => name.length)) * LETTER) + 2 * NAME_GAP;
  const xAt = (value: number) => left + ((value - low) / (high - low)) * FRAME_WIDTH;
  const bottom = TOP + rows.length * ROW;
  const width = left + FRAME_WIDTH + RIGHT_MARGIN;
  return svgPage(width, bottom + 54, [
    text(width / 2, 26, title, 'text-anchor="middle" font-size="16"'),
    ...ticks.flatMap((tick) => [
      line(xAt(tick), TOP, xAt(tick), bottom, 'stroke="#dddddd"'),
      text(xAt(tick), bottom + 18, tickText(tick), 'text-anchor="middle"'),
    ]),
    text(left + FRAME_WIDTH / 2, bottom + 40, xLabel, 'text-anchor="middle"'),
    ...(level === undefined
      ? []
      : [line(xAt(level), TOP, xAt(level), bottom, 'stroke="#666666" stroke-dasharray="5 4"')]),
    ...rows.flatMap(({ name, values, mean, deviation }, index) => {
      const y = TOP + (index + 0.5) * ROW;
      const color = COLORS[index % COLORS.length]!;
      return [
        text(left - NAME_GAP, y + 4, name, 'text-anchor="end"'),
        ...(deviation === null
          ? []
          : [line(xAt(mean - deviation), y, xAt(mean + deviation), y, `stroke="${color}" stroke-width="2"`)]),
        ...values.map(
          (value) => `<circle cx="${at(xAt(value))}" cy="${at(y)}" r="3" fill="${color}" fill-opacity="0.45"/>`,
        ),
        line(xAt(mean), y - 8, xAt(mean), y + 8, `stroke="${color}" stroke-width="3"`),
      ];
    }),
  ]);
}
