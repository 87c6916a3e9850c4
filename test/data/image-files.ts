// Makes image files and folders for tests; what is made is removed when the test ends.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { onTestFinished } from "vitest";

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mixedae-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below `folder`; a name may contain folders. Returns `folder`. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** A one-coloured image. */
export function plainImage(width: number, height: number, [r, g, b]: readonly [number, number, number]): Sharp {
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

/** An image whose every pixel differs from its neighbours. */
export function patternImage(width: number, height: number, seed = 0): Sharp {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 7 + ((i * i) % 251) + seed * 31) & 255;
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** PNG files "000.png" on, all different. */
export async function patternFiles(count: number, width = 12, height = 10): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (let i = 0; i < count; i++) {
    files[`${String(i).padStart(3, "0")}.png`] = await patternImage(width, height, i).png().toBuffer();
  }
  return files;
}
