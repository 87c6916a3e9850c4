// Images that come with the page, drawn from a seed: a patterned ground and a shape on it, in colours of their own.

import type { PixelImage } from "../../../browser/index.js";
import { type RandomStream, randomStream } from "../../../random/index.js";

type Color = readonly [number, number, number];
/** From 0 to 1 over the image, to a share of the second colour. */
type Pattern = (x: number, y: number) => number;

export function builtInImages(count: number, side: number): PixelImage[] {
  return Array.from({ length: count }, (_, index) => builtInImage(side, randomStream(0, "built-in images", 0, index)));
}

function builtInImage(side: number, random: RandomStream): PixelImage {
  const hue = random.uniform();
  const ground = [colorOf(hue, random.uniformIn(0.2, 0.45), random.uniformIn(0.75, 0.95))];
  ground.push(colorOf(hue + random.uniformIn(-0.08, 0.08), random.uniformIn(0.4, 0.7), random.uniformIn(0.45, 0.75)));
  const figure = colorOf(hue + random.uniformIn(0.3, 0.7), random.uniformIn(0.6, 0.95), random.uniformIn(0.4, 0.95));
  const pattern = drawPattern(random);
  const isInside = drawShape(random);
  const pixels = new Uint8Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [u, v] = [(x + 0.5) / side, (y + 0.5) / side];
      const share = pattern(u, v);
      for (let channel = 0; channel < 3; channel++) {
        const behind = (1 - share) * ground[0]![channel]! + share * ground[1]![channel]!;
        pixels[3 * (y * side + x) + channel] = Math.round(isInside(u, v) ? figure[channel]! : behind);
      }
    }
  }
  return { pixels, width: side, height: side, channels: 3 };
}

function drawPattern(random: RandomStream): Pattern {
  const [angle, size, phase] = [random.uniformIn(0, Math.PI), random.uniformIn(0.12, 0.35), random.uniform()];
  const along = (x: number, y: number) => (x * Math.cos(angle) + y * Math.sin(angle)) / size + phase;
  const across = (x: number, y: number) => (y * Math.cos(angle) - x * Math.sin(angle)) / size + phase;
  const isOdd = (value: number) => Math.abs(Math.floor(value)) % 2;
  const patterns: readonly Pattern[] = [
    (x, y) => isOdd(along(x, y)),
    (x, y) => (isOdd(along(x, y)) + isOdd(across(x, y))) % 2,
    (x, y) => (Math.hypot(fraction(along(x, y)) - 0.5, fraction(across(x, y)) - 0.5) < 0.3 ? 1 : 0),
    (x, y) => isOdd(Math.hypot(x - phase, y - 0.5) / size),
    (x, y) => Math.min(1, Math.max(0, along(x, y) * size)),
    (x, y) => 0.5 + 0.5 * Math.sin(2 * Math.PI * along(x, y)),
  ];
  return patterns[random.integer(patterns.length)]!;
}

function drawShape(random: RandomStream): (x: number, y: number) => boolean {
  const [left, top, reach] = [random.uniformIn(0.3, 0.7), random.uniformIn(0.3, 0.7), random.uniformIn(0.17, 0.32)];
  const turn = random.uniformIn(0, Math.PI);
  const corners = 3 + random.integer(3);
  const isRound = random.uniform() < 0.4;
  return (x, y) => {
    const distance = Math.hypot(x - left, y - top);
    if (isRound) return distance < reach;
    // A regular polygon: its edge is nearest in the middle between two corners.
    const sector = (2 * Math.PI) / corners;
    const within = fraction((Math.atan2(y - top, x - left) + turn + 2 * Math.PI) / sector) * sector - sector / 2;
    return distance * Math.cos(within) < reach * Math.cos(sector / 2) * 1.2;
  };
}

/** Hue (any number, its fraction counts), saturation and value from 0 to 1 as red, green and blue from 0 to 255. */
function colorOf(hue: number, saturation: number, value: number): Color {
  return [5, 3, 1].map((offset) => {
    const k = (offset + 6 * fraction(hue)) % 6;
    return 255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  }) as unknown as Color;
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
