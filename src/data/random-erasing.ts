// Random erasing: a rectangle of a view is replaced by noise.

import type { RandomStream } from "../random/index.js";
import { toByte } from "./byte.js";
import { type ImageSides, pixelCount, sizeOf } from "./image-size.js";
import type { RandomErasing, Region } from "./transform.js";

const ATTEMPTS = 10;

// The mean and deviation of ImageNet's channels, which the models in wide use normalise with.
const MEAN = [0.485, 0.456, 0.406] as const;
const DEVIATION = [0.229, 0.224, 0.225] as const;

/**
 * The rectangle to erase from a view of `sides` (Zhong et al. 2020), or undefined: by chance, or because none of ten that
 * were tried fits into it. `aspect` is height divided by width, drawn evenly in its logarithm.
 */
export function drawErasing(stream: RandomStream, sides: ImageSides, options: RandomErasing): Region | undefined {
  if (stream.uniform() >= options.probability) return undefined;
  const size = sizeOf(sides);
  const [low, high] = options.aspect.map(Math.log) as [number, number];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = pixelCount(sides) * stream.uniformIn(...options.area);
    const aspect = Math.exp(stream.uniformIn(low, high));
    const height = Math.round(Math.sqrt(area * aspect));
    const width = Math.round(Math.sqrt(area / aspect));
    if (width < size.width && height < size.height) {
      const top = stream.integer(size.height - height + 1);
      const left = stream.integer(size.width - width + 1);
      return { left, top, width, height };
    }
  }
  return undefined;
}

/**
 * Fills a rectangle of RGB pixels `width` wide with noise, drawn for each value alone. timm draws it from N(0, 1)
 * after normalisation; pixels here are normalised later, so ours is drawn from N(mean, deviation) of ImageNet, rounded
 * and limited to 8 bits (our choice).
 */
export function eraseRegion(pixels: Uint8Array, width: number, region: Region, noise: RandomStream): void {
  for (let y = region.top; y < region.top + region.height; y++) {
    for (let x = region.left; x < region.left + region.width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = MEAN[channel]! + DEVIATION[channel]! * noise.normal();
        pixels[3 * (y * width + x) + channel] = toByte(255 * value);
      }
    }
  }
}
