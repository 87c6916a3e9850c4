// A line chart as an SVG file: a few series over a common axis, with error bars where there are any.

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Half the length of the error bar. */
  readonly error?: number | null;
}

export interface Series {
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

const [WIDTH, HEIGHT] = [720, 440];
const FRAME = { left: 64, right: 700, top: 48, bottom: 340 } as const;
/** Okabe and Ito's palette, which colour-blind people can tell apart as well. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#000000"];
const LEGEND_COLUMNS = 3;

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
  const ticks = xTicks ?? roundTicks(xLow, xHigh).map((at) => ({ at, text: at.toLocaleString("en-US") }));

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 26, title, 'text-anchor="middle" font-size="16"'),
    ...yTicks.flatMap((y) => [
      `<line x1="${FRAME.left}" x2="${FRAME.right}" y1="${at(yAt(y))}" y2="${at(yAt(y))}" stroke="#dddddd"/>`,
      text(FRAME.left - 8, yAt(y) + 4, Number(y.toPrecision(6)).toString(), 'text-anchor="end"'),
    ]),
    ...ticks
      .filter(({ at: x }) => xAt(x) >= FRAME.left && xAt(x) <= FRAME.right)
      .map(({ at: x, text: label }) => text(xAt(x), FRAME.bottom + 20, label, 'text-anchor="middle"')),
    text((FRAME.left + FRAME.right) / 2, FRAME.bottom + 42, xLabel, 'text-anchor="middle"'),
    `<g transform="translate(18 ${(FRAME.top + FRAME.bottom) / 2}) rotate(-90)">${text(0, 0, yLabel, 'text-anchor="middle"')}</g>`,
    ...(level ? levelLine(level, yAt) : []),
    ...series.flatMap((each, index) => drawn(each, COLORS[index % COLORS.length]!, xAt, yAt)),
    ...series.flatMap(({ name }, index) => legend(name, index)),
    "</svg>",
    "",
  ].join("\n");
}

function drawn(
  { points, plain = false }: Series,
  color: string,
  xAt: (x: number) => number,
  yAt: (y: number) => number,
): string[] {
  const path = points.map(({ x, y }) => `${at(xAt(x))},${at(yAt(y))}`).join(" ");
  const line = `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${plain ? 1.4 : 2.2}"/>`;
  if (plain) return [line];
  return [
    line,
    ...points.flatMap(({ x, y, error }) => [
      `<circle cx="${at(xAt(x))}" cy="${at(yAt(y))}" r="4" fill="${color}"/>`,
      ...(error
        ? [
            `<line x1="${at(xAt(x))}" x2="${at(xAt(x))}" y1="${at(yAt(y - error))}" y2="${at(yAt(y + error))}" stroke="${color}" stroke-width="1.5"/>`,
          ]
        : []),
    ]),
  ];
}

function levelLine({ at: y, name }: NonNullable<LineChart["level"]>, yAt: (y: number) => number): string[] {
  return [
    `<line x1="${FRAME.left}" x2="${FRAME.right}" y1="${at(yAt(y))}" y2="${at(yAt(y))}" stroke="#666666" stroke-dasharray="5 4"/>`,
    text(FRAME.right - 4, yAt(y) - 5, name, 'text-anchor="end" fill="#666666"'),
  ];
}

function legend(name: string, index: number): string[] {
  const left = FRAME.left + (index % LEGEND_COLUMNS) * 215;
  const top = FRAME.bottom + 62 + Math.floor(index / LEGEND_COLUMNS) * 18;
  const color = COLORS[index % COLORS.length]!;
  return [
    `<line x1="${left}" x2="${left + 22}" y1="${top}" y2="${top}" stroke="${color}" stroke-width="3"/>`,
    text(left + 28, top + 4, name.length > 28 ? `${name.slice(0, 27)}.` : name, ""),
  ];
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped}</text>`;
}

/** Pixels to a tenth: the file stays small, and the same on every machine. */
function at(pixels: number): string {
  return Number(pixels.toFixed(1)).toString();
}

/** About five round numbers that enclose a range. */
function roundTicks(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.max(1, Math.abs(high));
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}
