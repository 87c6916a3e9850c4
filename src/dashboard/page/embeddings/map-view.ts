// The geometry of the map: which part of it is seen, what is under a pointer, and which images have room for a picture.

/** Places [images, 2], from -1 to 1, both ways at one scale. */
export type MapPlaces = Float32Array;

/** The part of the map that is seen: a zoom, and the point in its middle. */
export interface MapView {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export interface MapSize {
  readonly width: number;
  readonly height: number;
}

export const WHOLE_MAP: MapView = { zoom: 1, x: 0, y: 0 };
const MOST_ZOOM = 400;
/** Of the shorter side, so that pictures at the edge are not cut. */
const USED = 0.92;

/** Stretched so that they fill the map, whatever their unit. */
export function fittedPlaces(places: Float32Array): MapPlaces {
  const [least, most] = [
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ] as [number[], number[]];
  for (let place = 0; place < places.length; place++) {
    least[place % 2] = Math.min(least[place % 2]!, places[place]!);
    most[place % 2] = Math.max(most[place % 2]!, places[place]!);
  }
  const reach = Math.max(most[0]! - least[0]!, most[1]! - least[1]!) / 2 || 1;
  return places.map((value, place) => (value - (least[place % 2]! + most[place % 2]!) / 2) / reach);
}

/** CSS pixels for one unit of places. */
export function scaleOf({ zoom }: MapView, { width, height }: MapSize): number {
  return (zoom * USED * Math.min(width, height)) / 2;
}

/** Where places are on the screen, in CSS pixels: [images, 2]. */
export function onScreen(places: MapPlaces, view: MapView, size: MapSize): Float32Array {
  const scale = scaleOf(view, size);
  const middle = [size.width / 2, size.height / 2];
  const centre = [view.x, view.y];
  return places.map((value, place) => middle[place % 2]! + (value - centre[place % 2]!) * scale);
}

/** Closer, or less close, with what is at a point of the screen staying there. */
export function zoomedAt(view: MapView, factor: number, at: readonly [number, number], size: MapSize): MapView {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  const [before, after] = [scaleOf(view, size), scaleOf({ ...view, zoom }, size)];
  const [dx, dy] = [at[0] - size.width / 2, at[1] - size.height / 2];
  return within({ zoom, x: view.x + dx / before - dx / after, y: view.y + dy / before - dy / after });
}

/** Moved by so many pixels. */
export function moved(view: MapView, dx: number, dy: number, size: MapSize): MapView {
  const scale = scaleOf(view, size);
  return within({ ...view, x: view.x - dx / scale, y: view.y - dy / scale });
}

/** Moved as little as needed so that a point of the map is seen, away from the edge. */
export function showing(view: MapView, x: number, y: number, size: MapSize): MapView {
  const scale = scaleOf(view, size);
  const [reachX, reachY] = [(0.4 * size.width) / scale, (0.4 * size.height) / scale];
  const near = (middle: number, value: number, reach: number) =>
    Math.min(Math.max(middle, value - reach), value + reach);
  return within({ ...view, x: near(view.x, x, reachX), y: near(view.y, y, reachY) });
}

/** The middle stays on the map. */
function within({ zoom, x, y }: MapView): MapView {
  const inside = (value: number) => Math.min(1, Math.max(-1, value));
  return zoom === 1 ? WHOLE_MAP : { zoom, x: inside(x), y: inside(y) };
}

/**
 * Images whose pictures have room, each at least `gap` pixels from the others: the first ones of all, whichever part is
 * seen, so that moving the map does not change them. `screen` [images, 2].
 */
export function pictured(screen: Float32Array, gap: number, isShown: (image: number) => boolean): number[] {
  const chosen: number[] = [];
  const taken = new Map<number, number[]>();
  for (let image = 0; image < screen.length / 2; image++) {
    if (!isShown(image)) continue;
    const [x, y] = [screen[2 * image]!, screen[2 * image + 1]!];
    const [column, row] = [Math.floor(x / gap), Math.floor(y / gap)];
    const isClose = (other: number) =>
      Math.abs(screen[2 * other]! - x) < gap && Math.abs(screen[2 * other + 1]! - y) < gap;
    if (NEIGHBOUR_CELLS.some(([dx, dy]) => taken.get(cellOf(column + dx, row + dy))?.some(isClose))) continue;
    chosen.push(image);
    const cell = cellOf(column, row);
    taken.set(cell, [...(taken.get(cell) ?? []), image]);
  }
  return chosen;
}

const NEIGHBOUR_CELLS = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [dx, dy] as const));

/** One number for a cell; the closest zoom has some ten thousand of them in a row. */
function cellOf(column: number, row: number): number {
  return column * 2 ** 24 + row;
}

/** Whether anything of a square of this side around an image is seen. */
export function isSeen(screen: Float32Array, image: number, side: number, { width, height }: MapSize): boolean {
  const [x, y] = [screen[2 * image]!, screen[2 * image + 1]!];
  return x > -side / 2 && x < width + side / 2 && y > -side / 2 && y < height + side / 2;
}

/** The image nearest to a point of the screen, at most `reach` pixels away. */
export function imageAt(
  screen: Float32Array,
  [x, y]: readonly [number, number],
  reach: number,
  isShown: (image: number) => boolean,
): number | undefined {
  let [best, least] = [undefined as number | undefined, reach ** 2];
  for (let image = 0; image < screen.length / 2; image++) {
    const distance = (screen[2 * image]! - x) ** 2 + (screen[2 * image + 1]! - y) ** 2;
    if (distance <= least && isShown(image)) [best, least] = [image, distance];
  }
  return best;
}

/** The nearest image in a direction (dx, dy) from another one: within 45 degrees of it. */
export function imageBeside(
  places: MapPlaces,
  from: number,
  [dx, dy]: readonly [number, number],
  isShown: (image: number) => boolean,
): number | undefined {
  const [x, y] = [places[2 * from]!, places[2 * from + 1]!];
  let [best, least] = [undefined as number | undefined, Number.POSITIVE_INFINITY];
  for (let image = 0; image < places.length / 2; image++) {
    const [ox, oy] = [places[2 * image]! - x, places[2 * image + 1]! - y];
    const along = ox * dx + oy * dy;
    const across = Math.abs(ox * dy - oy * dx);
    const distance = along + 2 * across;
    if (along > 0 && across <= along && distance < least && isShown(image)) [best, least] = [image, distance];
  }
  return best;
}
