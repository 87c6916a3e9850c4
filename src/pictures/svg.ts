// What charts as SVG files share: text, places, colours, and round numbers for axes.

import { printable } from "../terminal/printable.js";

/** Okabe and Ito's palette, which colour-blind people can tell apart as well. */
export const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#000000"];

export function svgPage(width: number, height: number, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...content,
    "</svg>",
    "",
  ].join("\n");
}

export function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = printable(content).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, attributes: string): string {
  return `<line x1="${at(x1)}" x2="${at(x2)}" y1="${at(y1)}" y2="${at(y2)}" ${attributes}/>`;
}

/** Pixels to a tenth: the file stays small, and the same on every machine. */
export function at(pixels: number): string {
  return Number(pixels.toFixed(1)).toString();
}

/** About five round numbers that enclose a range; of a single value, its neighbourhood. */
export function roundTicks(low: number, high: number): number[] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const neighbourhood = size > 1e-9 ? size / 10 : 1;
  const span = high - low > 1e-9 * neighbourhood ? high - low : neighbourhood;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** A mark of an axis without the noise of floating point: "0.3". */
export function tickText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 6 });
}
