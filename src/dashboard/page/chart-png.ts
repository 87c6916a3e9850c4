// A chart as a picture for elsewhere: with its title, and the names of its lines.

import type uPlot from "uplot";
import type { Line } from "./chart-data.js";
import { LINE_COLORS, readPalette } from "./palette.js";

export function chartPng({ ctx }: uPlot, title: string, lines: readonly Line[]): Promise<Blob> {
  const palette = readPalette();
  const named = lines.filter(({ label }) => label !== "");
  const ratio = devicePixelRatio;
  const { width, height } = ctx.canvas;
  const [margin, row] = [14 * ratio, 18 * ratio];
  const head = margin + 22 * ratio;
  const canvas = document.createElement("canvas");
  canvas.width = width + 2 * margin;
  canvas.height = head + height + named.length * row + 2 * margin;
  const out = canvas.getContext("2d")!;
  out.fillStyle = palette.surface;
  out.fillRect(0, 0, canvas.width, canvas.height);
  out.fillStyle = palette.ink;
  out.font = `600 ${15 * ratio}px system-ui, sans-serif`;
  out.fillText(title, margin, margin + 14 * ratio);
  out.drawImage(ctx.canvas, margin, head);
  out.font = `${12 * ratio}px system-ui, sans-serif`;
  for (const [index, { label, place }] of named.entries()) {
    const y = head + height + margin + index * row;
    out.fillStyle = palette.lines[place % LINE_COLORS]!;
    out.fillRect(margin, y, 14 * ratio, 4 * ratio);
    out.fillStyle = palette.ink;
    out.fillText(label, margin + 22 * ratio, y + 6 * ratio);
  }
  return new Promise((done, fail) => {
    canvas.toBlob(
      (blob) => (blob === null ? fail(new Error("The chart could not be drawn.")) : done(blob)),
      "image/png",
    );
  });
}
