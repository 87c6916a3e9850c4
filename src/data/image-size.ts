// How large the images of a batch are, and those that a model takes: squares, or rectangles.

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The sides of images in pixels, as they are written: one number for squares, else [height, width]. */
export type ImageSides = number | readonly [height: number, width: number];

export function sizeOf(sides: ImageSides): ImageSize {
  const [height, width] = typeof sides === "number" ? [sides, sides] : sides;
  return { width, height };
}

/** In the one form that a size has: a number where both sides are equal. */
export function sidesOf({ width, height }: ImageSize): ImageSides {
  return width === height ? width : [height, width];
}

export function pixelCount(sides: ImageSides): number {
  const { width, height } = sizeOf(sides);
  return width * height;
}

export function shorterSide(sides: ImageSides): number {
  const { width, height } = sizeOf(sides);
  return Math.min(width, height);
}

/** The same of a value that may be no size, and then is NaN. */
export function shorterSideOf(unchecked: unknown): number {
  return Math.min(...[unchecked].flat().map(Number));
}

export function longerSide(sides: ImageSides): number {
  const { width, height } = sizeOf(sides);
  return Math.max(width, height);
}

/** For people: "64 x 64 pixels", or "96 (height) x 160 (width) pixels". */
export function describeSize(sides: ImageSides): string {
  const { width, height } = sizeOf(sides);
  return width === height ? `${width} x ${height} pixels` : `${height} (height) x ${width} (width) pixels`;
}

/** The size in one word, as commands take it: "64", or "96x160", the height first. */
export function sizeWord(sides: ImageSides): string {
  return typeof sides === "number" ? String(sides) : sides.join("x");
}

/** A size from such a word; undefined where it is none, or a side is not from 1 to `most`. */
export function parseSizeWord(word: string, most: number): ImageSides | undefined {
  const match = /^(\d{1,9})(?:x(\d{1,9}))?$/i.exec(word);
  if (match === null) return undefined;
  const height = Number(match[1]);
  const width = match[2] === undefined ? height : Number(match[2]);
  return [height, width].every((side) => side >= 1 && side <= most) ? sidesOf({ width, height }) : undefined;
}
