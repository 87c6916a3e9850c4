// The colours of charts, from the style sheet, since a canvas does not see it; and a dash for each round of colours.

export interface Palette {
  readonly lines: readonly string[];
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
  readonly warning: string;
  readonly bad: string;
}

export const LINE_COLORS = 8;

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    lines: Array.from({ length: LINE_COLORS }, (_, index) => value(`--line-${index}`)),
    ink: value("--ink"),
    muted: value("--muted"),
    grid: value("--grid"),
    surface: value("--surface"),
    warning: value("--warning"),
    bad: value("--bad"),
  };
}

/** Lines beyond the colours are told apart by their dash. */
export function dashOf(place: number): number[] {
  const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  return dashes[Math.floor(place / LINE_COLORS) % dashes.length]!;
}

/** The name of the style that a line's swatch has. */
export function swatchClass(place: number): string {
  return `swatch line-${place % LINE_COLORS}${place >= LINE_COLORS ? " dashed" : ""}`;
}
