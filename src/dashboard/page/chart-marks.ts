// What is drawn over the curves of a chart: values to compare with, and what happened when.

import type uPlot from "uplot";
import type { Palette } from "./palette.js";

export interface Level {
  readonly value: number;
  readonly meaning: string;
}

export interface Mark {
  readonly x: number;
  readonly type: "warning" | "failed" | "resumed" | "stopped" | "finished";
  readonly message: string;
}

/** Each kind has a sign of its own: colour alone tells nothing. */
export const markSigns: Readonly<Record<Mark["type"], string>> = {
  warning: "▲",
  failed: "✕",
  resumed: "▶",
  stopped: "■",
  finished: "●",
};

const FONT = "11px system-ui, sans-serif";

export function drawLevels(plot: uPlot, levels: readonly Level[], palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = palette.muted;
  ctx.fillStyle = palette.muted;
  ctx.lineWidth = ratio;
  ctx.font = scaled(FONT, ratio);
  ctx.textAlign = "right";
  for (const { value, meaning } of levels) {
    const { min, max } = plot.scales.y!;
    if (min == null || max == null || value < min || value > max) continue;
    const y = plot.valToPos(value, "y", true);
    ctx.setLineDash([2 * ratio, 4 * ratio]);
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
    // On the side where there is room.
    const isBelow = y < bbox.top + 18 * ratio || y > bbox.top + 0.6 * bbox.height;
    // A rim in the colour of the ground keeps the words readable where curves pass behind them.
    ctx.setLineDash([]);
    ctx.save();
    ctx.strokeStyle = palette.surface;
    ctx.lineWidth = 4 * ratio;
    ctx.lineJoin = "round";
    const [textX, textY] = [bbox.left + bbox.width - 4 * ratio, isBelow ? y + 13 * ratio : y - 5 * ratio];
    ctx.strokeText(meaning, textX, textY);
    ctx.restore();
    ctx.fillText(meaning, textX, textY);
  }
  ctx.restore();
}

export function drawMarks(plot: uPlot, marks: readonly Mark[], palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = scaled(FONT, ratio);
  ctx.textAlign = "center";
  ctx.lineWidth = ratio;
  for (const { x, type } of marks) {
    const { min, max } = plot.scales.x!;
    if (type === "finished" || min == null || max == null || x < min || x > max) continue;
    const place = plot.valToPos(x, "x", true);
    const color = type === "warning" ? palette.warning : type === "failed" ? palette.bad : palette.muted;
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.setLineDash([ratio, 3 * ratio]);
    line(ctx, place, bbox.top + 12 * ratio, place, bbox.top + bbox.height);
    ctx.fillText(markSigns[type], place, bbox.top + 9 * ratio);
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function scaled(font: string, ratio: number): string {
  return font.replace(/^(\d+)px/, (_, size: string) => `${Number(size) * ratio}px`);
}
