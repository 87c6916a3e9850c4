// Colours of classes: told apart by their lightness too, since not everybody sees the same hues.
import type { Color } from "./canvas.js";

/**
 * Okabe and Ito's colours, which people with any kind of colour vision tell apart (Color Universal Design, 2008); the
 * background, and what has no label, are grey.
 */
const FIRST: readonly Color[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
];
const BACKGROUND: Color = [60, 60, 66];
/** Of pixels without a label. */
export const UNLABELLED_COLOR: Color = [0, 0, 0];

/** A colour for each class. One called background, if it is the first, is dark. */
export function classColors(classes: readonly string[]): Color[] {
  const hasBackground = classes[0] === "background";
  return classes.map((_, index) => {
    if (hasBackground && index === 0) return BACKGROUND;
    const place = hasBackground ? index - 1 : index;
    return FIRST[place] ?? further(place - FIRST.length);
  });
}

/** Hues by the golden angle, so that no few of them are close, in three lightnesses by turns. */
function further(place: number): Color {
  const hue = (place * 0.618_033_988_75) % 1;
  const lightness = [0.62, 0.4, 0.8][place % 3]!;
  const chroma = 0.75 * Math.min(lightness, 1 - lightness);
  const channel = (shift: number) => {
    const k = (shift + 12 * hue) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
