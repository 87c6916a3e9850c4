// Draws the map: a dot for each image, a picture where there is room, rings around what is looked at.

import { THUMBNAIL_SIDE } from "../../embeddings/thumbnail-sheet.js";
import { LINE_COLORS, type Palette } from "../palette.js";
import { isSeen, type MapSize } from "./map-view.js";
import type { Thumbnail } from "./thumbnails.js";

/** What is on the map, in the order of its images. */
export interface DrawnMap {
  /** Where images are, in CSS pixels: [images, 2]. */
  readonly screen: Float32Array;
  readonly labels: readonly (number | null)[];
  readonly names: readonly string[];
  /** Images with a picture, and its side in CSS pixels. */
  readonly pictured: readonly number[];
  readonly side: number;
  /** Images that are like the one that is selected. */
  readonly marked: ReadonlySet<number>;
  readonly selected: number | undefined;
  readonly hovered: number | undefined;
  /** False for those that stand back. */
  readonly isShown: (image: number) => boolean;
  readonly thumbnailOf: (image: number) => Thumbnail | undefined;
}

const DOT = 2.6;
const FAINT_DOT = 1.6;
const HOVERED_SIDE = 112;
const FONT = '13px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';

export function drawMap(context: CanvasRenderingContext2D, map: DrawnMap, size: MapSize, palette: Palette): void {
  context.clearRect(0, 0, size.width, size.height);
  const isPictured = new Set(map.pictured);
  drawDots(context, map, isPictured, size, palette);
  for (const image of map.pictured) {
    if (isSeen(map.screen, image, map.side, size)) drawPicture(context, map, image, map.side, palette);
  }
  for (const image of map.marked) ring(context, map, image, isPictured.has(image) ? map.side + 5 : 13, palette);
  if (map.selected !== undefined) {
    drawPicture(context, map, map.selected, map.side + 12, palette);
    ring(context, map, map.selected, map.side + 17, palette);
  }
  if (map.hovered !== undefined) drawHovered(context, map, map.hovered, size, palette);
}

function drawDots(
  context: CanvasRenderingContext2D,
  map: DrawnMap,
  isPictured: ReadonlySet<number>,
  size: MapSize,
  palette: Palette,
): void {
  for (let image = 0; image < map.labels.length; image++) {
    if (isPictured.has(image) || !isSeen(map.screen, image, 8, size)) continue;
    const [x, y] = [map.screen[2 * image]!, map.screen[2 * image + 1]!];
    if (!map.isShown(image)) {
      context.fillStyle = palette.grid;
      context.fillRect(x - FAINT_DOT, y - FAINT_DOT, 2 * FAINT_DOT, 2 * FAINT_DOT);
      continue;
    }
    context.fillStyle = colorOf(map.labels[image]!, palette);
    fillShape(context, shapeOf(map.labels[image]!), x, y);
  }
}

/** Classes beyond the colours are told apart by their shape, as in the legend. */
export type DotShape = "round" | "square" | "diamond";

export function shapeOf(label: number | null): DotShape {
  const shapes: readonly DotShape[] = ["round", "square", "diamond"];
  return shapes[Math.floor((label ?? 0) / LINE_COLORS) % shapes.length]!;
}

function colorOf(label: number | null, palette: Palette): string {
  return label === null ? palette.muted : palette.lines[label % palette.lines.length]!;
}

function fillShape(context: CanvasRenderingContext2D, shape: DotShape, x: number, y: number): void {
  if (shape === "square") {
    context.fillRect(x - DOT, y - DOT, 2 * DOT, 2 * DOT);
    return;
  }
  context.beginPath();
  if (shape === "round") context.arc(x, y, DOT, 0, 2 * Math.PI);
  else {
    const reach = 1.4 * DOT;
    context.moveTo(x, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x, y + reach);
    context.lineTo(x - reach, y);
  }
  context.fill();
}

function drawPicture(
  context: CanvasRenderingContext2D,
  map: DrawnMap,
  image: number,
  side: number,
  palette: Palette,
): void {
  const [left, top] = [map.screen[2 * image]! - side / 2, map.screen[2 * image + 1]! - side / 2];
  drawThumbnail(context, map.thumbnailOf(image), left, top, side, palette);
  context.strokeStyle = colorOf(map.labels[image]!, palette);
  context.lineWidth = 2;
  context.strokeRect(left, top, side, side);
}

/** A grey square while it is not there yet. */
export function drawThumbnail(
  context: CanvasRenderingContext2D,
  thumbnail: Thumbnail | undefined,
  left: number,
  top: number,
  side: number,
  palette: Palette,
): void {
  if (thumbnail === undefined) {
    context.fillStyle = palette.grid;
    context.fillRect(left, top, side, side);
    return;
  }
  const { sheet, left: x, top: y } = thumbnail;
  // Half a pixel within, or the neighbour on the sheet shines through.
  context.drawImage(sheet, x + 0.5, y + 0.5, THUMBNAIL_SIDE - 1, THUMBNAIL_SIDE - 1, left, top, side, side);
}

/** Around an image; light around dark, so that it is seen on every ground. */
function ring(context: CanvasRenderingContext2D, map: DrawnMap, image: number, side: number, palette: Palette): void {
  const [left, top] = [map.screen[2 * image]! - side / 2, map.screen[2 * image + 1]! - side / 2];
  context.strokeStyle = palette.surface;
  context.lineWidth = 5;
  context.strokeRect(left, top, side, side);
  context.strokeStyle = palette.ink;
  context.lineWidth = 2.5;
  context.strokeRect(left, top, side, side);
}

/** Larger, with its name, moved so that all of it is seen. */
function drawHovered(
  context: CanvasRenderingContext2D,
  map: DrawnMap,
  image: number,
  size: MapSize,
  palette: Palette,
): void {
  context.font = FONT;
  const name = map.names[image]!;
  const width = Math.max(HOVERED_SIDE, context.measureText(name).width + 12);
  const height = HOVERED_SIDE + 22;
  const inside = (middle: number, extent: number, most: number) =>
    Math.max(2, Math.min(most - extent - 2, middle - extent / 2));
  const left = inside(map.screen[2 * image]!, width, size.width);
  const top = inside(map.screen[2 * image + 1]!, height, size.height);
  context.fillStyle = palette.surface;
  context.fillRect(left, top, width, height);
  drawThumbnail(context, map.thumbnailOf(image), left + (width - HOVERED_SIDE) / 2, top, HOVERED_SIDE, palette);
  context.fillStyle = palette.ink;
  context.textBaseline = "middle";
  context.fillText(name, left + 6, top + HOVERED_SIDE + 11, width - 8);
  context.strokeStyle = colorOf(map.labels[image]!, palette);
  context.lineWidth = 2;
  context.strokeRect(left, top, width, height);
}
