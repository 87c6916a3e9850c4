// The named sizes of vision transformers, each with the decoder that it is pre-trained with.

import { type ImageSides, pixelCount, sizeOf } from "../data/image-size.js";
import type { GivenPositions } from "./positions.js";

/** The shape of an encoder; lengths are in pixels, widths in channels. */
export interface EncoderShape {
  /** One number for squares, else [height, width]. */
  readonly imageSize: ImageSides;
  readonly patchSize: number;
  /** Channels of the images: 3 (red, green, blue) where it is left out, 1 for grey images. */
  readonly channels?: number | undefined;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Width of the hidden layer of each block's MLP, as a multiple of `width`. */
  readonly mlpRatio: number;
  /** Where these take the place of MAE's: those of weights that it starts from. */
  readonly positions?: GivenPositions | undefined;
}

/** The channels of the images that an encoder takes. */
export function channelsOf({ channels = 3 }: Pick<EncoderShape, "channels">): number {
  return channels;
}

/** The number of values of a patch. */
export function patchValues(shape: Pick<EncoderShape, "patchSize" | "channels">): number {
  return shape.patchSize ** 2 * channelsOf(shape);
}

/** The shape of a batch of images. */
export function imageShape(shape: Pick<EncoderShape, "imageSize" | "channels">, batch: number) {
  const { width, height } = sizeOf(shape.imageSize);
  return [batch, height, width, channelsOf(shape)] as const;
}

/** The number of values of an image. */
export function imageValues(shape: Pick<EncoderShape, "imageSize" | "channels">): number {
  return pixelCount(shape.imageSize) * channelsOf(shape);
}

/** The encoder's part of a shape. Three channels are left out, so that shapes are written as they were before there were others. */
export function encoderShapeOf(shape: EncoderShape): EncoderShape {
  const { imageSize, patchSize, width, depth, heads, mlpRatio } = shape;
  const channels = channelsOf(shape);
  return { imageSize, patchSize, ...(channels !== 3 && { channels }), width, depth, heads, mlpRatio };
}

/** The grid of patches of an image. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** The patches of an image, whose sides are multiples of theirs. */
export function patchGrid({ imageSize, patchSize }: Pick<EncoderShape, "imageSize" | "patchSize">): Grid {
  const { width, height } = sizeOf(imageSize);
  return { rows: height / patchSize, columns: width / patchSize };
}

/** Whether an image is divided into whole patches. */
export function hasWholePatches(shape: Pick<EncoderShape, "imageSize" | "patchSize">): boolean {
  const { rows, columns } = patchGrid(shape);
  return Number.isInteger(rows) && Number.isInteger(columns);
}

/** The number of patches of an image. */
export function patchCount(shape: Pick<EncoderShape, "imageSize" | "patchSize">): number {
  const { rows, columns } = patchGrid(shape);
  return rows * columns;
}

/** The shape of an encoder and its decoder. */
export interface ModelShape extends EncoderShape {
  readonly decoderWidth: number;
  readonly decoderDepth: number;
  readonly decoderHeads: number;
}

/** 64 patches of 4 x 4 pixels. */
const smallImages = { imageSize: 32, patchSize: 4, mlpRatio: 4 } as const;
const imageNet = { imageSize: 224, patchSize: 16, mlpRatio: 4 } as const;
/** MAE's decoder, which its authors use for every encoder size. */
const maeDecoder = { decoderWidth: 512, decoderDepth: 8, decoderHeads: 16 } as const;

/** Base, large and huge are MAE's (He et al., CVPR 2022); tiny and small are DeiT's; nano and micro are ours. */
export const modelPresets = {
  /** For studies of many runs on a CPU. */
  nano: { ...smallImages, width: 96, depth: 4, heads: 3, decoderWidth: 48, decoderDepth: 1, decoderHeads: 3 },
  /** For small images on a CPU. */
  micro: { ...smallImages, width: 192, depth: 6, heads: 3, decoderWidth: 96, decoderDepth: 2, decoderHeads: 3 },
  tiny: { ...imageNet, width: 192, depth: 12, heads: 3, ...maeDecoder },
  small: { ...imageNet, width: 384, depth: 12, heads: 6, ...maeDecoder },
  base: { ...imageNet, width: 768, depth: 12, heads: 12, ...maeDecoder },
  large: { ...imageNet, width: 1024, depth: 24, heads: 16, ...maeDecoder },
  huge: { ...imageNet, patchSize: 14, width: 1280, depth: 32, heads: 16, ...maeDecoder },
} as const satisfies Record<string, ModelShape>;

/** Names of the model sizes. */
export type ModelPreset = keyof typeof modelPresets;

/** The names of the presets, smallest first. */
export const modelPresetNames = Object.keys(modelPresets) as ModelPreset[];
