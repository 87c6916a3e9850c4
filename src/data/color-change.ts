// Applies a colour jitter to RGB pixels: brightness, contrast, saturation and hue in the order that was drawn.

import { toByte } from "./byte.js";

/** Factors of one colour jitter, and the order in which they apply (0 brightness, 1 contrast, 2 saturation, 3 hue). */
export interface ColorChange {
  readonly order: readonly number[];
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Share of the colour circle, from -0.5 to 0.5. */
  readonly hue: number;
}

/**
 * Changes `pixels` (RGB triples; or one channel, whose saturation and hue cannot be changed) in place. The formulas are
 * those of torchvision's ColorJitter.
 */
export function changeColor(pixels: Uint8Array, change: ColorChange, channels = 3): void {
  for (const step of change.order) {
    if (step === 0 && change.brightness !== 1) adjustBrightness(pixels, change.brightness);
    if (step === 1 && change.contrast !== 1) adjustContrast(pixels, change.contrast, channels);
    if (step === 2 && change.saturation !== 1) adjustSaturation(pixels, change.saturation);
    if (step === 3 && change.hue !== 0) turnHue(pixels, change.hue);
  }
}

/** Multiplies every value, in place. */
export function adjustBrightness(pixels: Uint8Array, factor: number): void {
  blend(pixels, factor, () => 0);
}

/** Multiplies every value's distance from the image's mean grey, in place. */
export function adjustContrast(pixels: Uint8Array, factor: number, channels = 3): void {
  const mean = channels === 1 ? meanOf(pixels) : meanLuma(pixels);
  blend(pixels, factor, () => mean);
}

/** Multiplies every value's distance from its pixel's grey, in place. */
export function adjustSaturation(pixels: Uint8Array, factor: number): void {
  blend(pixels, factor, luma);
}

/** ITU-R BT.601 luma of the pixel that begins at `at`. */
function luma(pixels: Uint8Array, at: number): number {
  return 0.299 * pixels[at]! + 0.587 * pixels[at + 1]! + 0.114 * pixels[at + 2]!;
}

function meanLuma(pixels: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 3) sum += luma(pixels, at);
  return sum / (pixels.length / 3);
}

function meanOf(pixels: Uint8Array): number {
  let sum = 0;
  for (const value of pixels) sum += value;
  return sum / pixels.length;
}

/** Moves every channel away from (factor above 1) or towards (below 1) an anchor. */
function blend(pixels: Uint8Array, factor: number, anchorOf: (pixels: Uint8Array, at: number) => number): void {
  // One channel comes in any number of values; the last of them may be fewer than three.
  for (let at = 0; at < pixels.length; at += 3) {
    const anchor = anchorOf(pixels, at);
    for (let channel = at; channel < Math.min(at + 3, pixels.length); channel++) {
      pixels[channel] = toByte(anchor + (pixels[channel]! - anchor) * factor);
    }
  }
}

/** Turns the hue in HSV space; value and chroma stay, so greys do not change. */
function turnHue(pixels: Uint8Array, share: number): void {
  for (let at = 0; at < pixels.length; at += 3) {
    const red = pixels[at]!;
    const green = pixels[at + 1]!;
    const blue = pixels[at + 2]!;
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    if (chroma === 0) continue;
    let sextant: number;
    if (value === red) sextant = (green - blue) / chroma;
    else if (value === green) sextant = 2 + (blue - red) / chroma;
    else sextant = 4 + (red - green) / chroma;
    const hue = sextant + 6 * share;
    pixels[at] = toByte(hsvChannel(5, hue, value, chroma));
    pixels[at + 1] = toByte(hsvChannel(3, hue, value, chroma));
    pixels[at + 2] = toByte(hsvChannel(1, hue, value, chroma));
  }
}

function hsvChannel(n: number, hue: number, value: number, chroma: number): number {
  const k = (((n + hue) % 6) + 6) % 6;
  return value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
}
