// A chart of a row for each name: its values as dots, their mean and deviation, and a line to compare with.

import { estimate } from "./statistics.js";
import { at, COLORS, line, roundTicks, svgPage, text, tickText } from "./svg.js";

export interface DotChart {
  readonly title: string;
  readonly xLabel: string;
  readonly rows: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** Where a dashed vertical line is drawn. */
  readonly level?: number;
}

const WIDTH = 720;
const FRAME = { left: 220, right: 690, top: 52 } as const;
const ROW = 28;

export function dotChart({ title, xLabel, rows, level }: DotChart): string {
  const shown = rows.flatMap(({ values }) => {
    const { mean, deviation } = estimate(values);
    return deviation === null ? values : [...values, mean - deviation, mean + deviation];
  });
  if (level !== undefined) shown.push(level);
  const ticks = roundTicks(Math.min(...shown), Math.max(...shown));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const xAt = (value: number) => FRAME.left + ((value - low) / (high - low)) * (FRAME.right - FRAME.left);
  const bottom = FRAME.top + rows.length * ROW;
  return svgPage(WIDTH, bottom + 54, [
    text(WIDTH / 2, 26, title, 'text-anchor="middle" font-size="16"'),
    ...ticks.flatMap((tick) => [
      line(xAt(tick), FRAME.top, xAt(tick), bottom, 'stroke="#dddddd"'),
      text(xAt(tick), bottom + 18, tickText(tick), 'text-anchor="middle"'),
    ]),
    text((FRAME.left + FRAME.right) / 2, bottom + 40, xLabel, 'text-anchor="middle"'),
    ...(level === undefined
      ? []
      : [line(xAt(level), FRAME.top, xAt(level), bottom, 'stroke="#666666" stroke-dasharray="5 4"')]),
    ...rows.flatMap(({ name, values }, index) => {
      const y = FRAME.top + (index + 0.5) * ROW;
      const { mean, deviation } = estimate(values);
      const color = COLORS[index % COLORS.length]!;
      const label = name.length > 30 ? `${name.slice(0, 29)}.` : name;
      return [
        text(FRAME.left - 12, y + 4, label, 'text-anchor="end"'),
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
