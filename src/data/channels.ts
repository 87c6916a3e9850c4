// Images of other than three channels: how an image gets the channels that are asked for, and which changes suit them.

import type { PixelImage } from "./resample.js";

/** Changes of a view beside crop, flip and blur, as far as they are asked for. */
export interface ChannelChanges {
  readonly colorJitter?: Readonly<Record<string, number>> | null | undefined;
  readonly grayscale?: number | undefined;
  readonly solarize?: number | object | undefined;
  readonly randAugment?: object | null | undefined;
  readonly randomErasing?: object | null | undefined;
}

/** What also suits grey images. */
const LIGHT = ["colorJitter.brightness", "colorJitter.contrast", "solarize"];

/**
 * A sentence for each change that images of so many channels cannot take, which begins with its name: grey images have
 * no colours, and of other numbers of channels nobody knows which are colours.
 */
export function unsuitedChanges(changes: ChannelChanges, channels: number): string[] {
  if (channels === 3) return [];
  const { colorJitter, ...others } = changes;
  const { probability: _, ...jitter } = colorJitter ?? {};
  const asked: [string, unknown][] = [
    ...Object.entries(jitter).map(([name, value]): [string, unknown] => [`colorJitter.${name}`, value]),
    ...Object.entries(others),
  ];
  const why = channels === 1 ? "which have no colours" : "which are cropped, mirrored and blurred only";
  return asked
    .filter(([name, value]) => Boolean(value) && !(channels === 1 && LIGHT.includes(name)))
    .map(([name, value]) => {
      const [none, found] = typeof value === "number" ? ["0", String(value)] : ["none", "one"];
      const images = `images of ${channels} channel${channels === 1 ? "" : "s"}`;
      return `${name}: expected ${none} for ${images}, ${why}; found ${found}. Set it to ${none === "0" ? "0" : "null"}`;
    });
}

/**
 * The image with the channels that are asked for: grey stands for three equal ones, and colours become the grey that
 * Pillow makes of them (ITU-R BT.601 luma). Throws an Error of a few words for any other number.
 */
export function withChannels(image: PixelImage, channels: number): PixelImage {
  // Resampling makes three channels of one, which is quicker than doing it before.
  if (image.channels === channels || (image.channels === 1 && channels === 3)) return image;
  if (image.channels === 3 && channels === 1) return { ...image, pixels: greyOf(image.pixels), channels: 1 };
  throw new Error(channelFault(image.channels, channels));
}

/** What is wrong where `withChannels` throws. */
export function channelFault(found: number, wanted: number): string {
  return `it has ${found} channel${found === 1 ? "" : "s"} instead of ${wanted} (model.channels)`;
}

/** In 16 bits after the point, as Pillow's convert("L"). */
function greyOf(pixels: Uint8Array): Uint8Array {
  const grey = new Uint8Array(pixels.length / 3);
  for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += 3) {
    grey[pixel] = (pixels[at]! * 19_595 + pixels[at + 1]! * 38_470 + pixels[at + 2]! * 7471 + 0x8000) >> 16;
  }
  return grey;
}
