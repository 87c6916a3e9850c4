// Backgrounds of scenes: plain, gradients, soft noise, stripes and checks, drawn from a random stream.

import type { RandomStream } from "../random/index.js";

type Color = readonly [number, number, number];

/** Pixels [size, size, 3] of 8 bits. Every kind is as likely as the others. */
export function drawBackground(stream: RandomStream, size: number): Uint8Array {
  const kinds = [plain, gradient, softNoise, stripes, checks];
  const kind = kinds[stream.integer(kinds.length)]!;
  const [first, second] = [drawColor(stream), drawColor(stream)];
  const mix = kind(stream, size);
  const pixels = new Uint8Array(size * size * 3);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const share = mix(row, column);
      for (let channel = 0; channel < 3; channel++) {
        pixels[3 * (row * size + column) + channel] = first[channel]! + share * (second[channel]! - first[channel]!);
      }
    }
  }
  return pixels;
}

/** How much of the second colour a pixel has, from 0 to 1. */
type Mix = (row: number, column: number) => number;

function plain(): Mix {
  return () => 0;
}

/** Linear in any direction, or from a point outwards. */
function gradient(stream: RandomStream, size: number): Mix {
  if (stream.uniform() < 0.5) {
    const angle = 2 * Math.PI * stream.uniform();
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    return (row, column) => clamped(0.5 + ((column / size - 0.5) * dx + (row / size - 0.5) * dy) / 1.2);
  }
  const [x, y, reach] = [stream.uniform() * size, stream.uniform() * size, stream.uniformIn(0.4, 1.2) * size];
  return (row, column) => clamped(Math.hypot(column - x, row - y) / reach);
}

/** Value noise: random heights on grids of four finenesses, joined smoothly. */
function softNoise(stream: RandomStream, size: number): Mix {
  const octaves = [3, 6, 12, 24].map((cells, octave) => {
    const heights = Float32Array.from({ length: (cells + 2) ** 2 }, () => stream.uniform());
    return { cells, heights, weight: 0.5 ** octave };
  });
  const total = octaves.reduce((sum, { weight }) => sum + weight, 0);
  return (row, column) =>
    octaves.reduce((sum, { cells, heights, weight }) => {
      const [y, x] = [(row / size) * cells, (column / size) * cells];
      const [top, left] = [Math.floor(y), Math.floor(x)];
      const [v, u] = [eased(y - top), eased(x - left)];
      const height = (dy: number, dx: number) => heights[(top + dy) * (cells + 2) + left + dx]!;
      const upper = height(0, 0) + u * (height(0, 1) - height(0, 0));
      const lower = height(1, 0) + u * (height(1, 1) - height(1, 0));
      return sum + (weight / total) * (upper + v * (lower - upper));
    }, 0);
}

function stripes(stream: RandomStream, size: number): Mix {
  const [angle, period] = [Math.PI * stream.uniform(), size * stream.uniformIn(0.06, 0.3)];
  const [dx, dy] = [Math.cos(angle) / period, Math.sin(angle) / period];
  return (row, column) => (Math.floor(column * dx + row * dy) % 2 === 0 ? 0 : 1);
}

function checks(stream: RandomStream, size: number): Mix {
  const side = Math.max(2, Math.round(size * stream.uniformIn(0.06, 0.25)));
  return (row, column) => (Math.floor(row / side) + Math.floor(column / side)) % 2;
}

function drawColor(stream: RandomStream): Color {
  return [stream.integer(256), stream.integer(256), stream.integer(256)];
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function eased(share: number): number {
  return share * share * (3 - 2 * share);
}
