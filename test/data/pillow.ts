// Runs image operations with Debian's Pillow, where it is installed.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { runPython } from "../pytorch.js";

/** Why Pillow cannot be used, or undefined where it can. */
export const pillowMissing = ((): string | undefined => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import PIL, numpy"], { stdio: "pipe" });
    return undefined;
  } catch {
    return "needs Debian's python3-pil and python3-numpy";
  }
})();

/** The place of an image, an operation of the script, and its amount. */
export type PillowCase = readonly [image: number, name: string, amount: number];

/** What Pillow makes of `size` x `size` RGB images, one answer for each case. */
export function runPillow(images: readonly Uint8Array[], size: number, cases: readonly PillowCase[]): Uint8Array[] {
  const script = join(import.meta.dirname, "../reference/pillow_operations.py");
  const data = new Uint8Array(Buffer.concat(images));
  const tensors = runPython(script, [{ name: "images", dtype: "U8", shape: [images.length, size, size, 3], data }], {
    cases,
  });
  return cases.map((_, i) => tensors.get(String(i))!.data as Uint8Array);
}

/** Squares that are hard in different ways: noise, a smooth gradient, a few grey levels, and a single colour. */
export function testSquares(size: number): Uint8Array[] {
  const noise = new Uint8Array(size * size * 3);
  for (let i = 0; i < noise.length; i++) noise[i] = (i * 7 + ((i * i) % 251)) & 255;
  const gradient = noise.map((_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % size, Math.floor(i / (3 * size)), i % 3];
    return 30 + ((x * (channel + 3) + y * 5) % 190);
  });
  const levels = noise.map((_, i) => [40, 41, 200][Math.floor(i / 30) % 3]!);
  return [noise, gradient, levels, new Uint8Array(noise.length).fill(77)];
}
