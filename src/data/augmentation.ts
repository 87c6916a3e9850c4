// Draws the parameters of a view of an image; nothing here touches a pixel.

import type { RandomStream } from "../random/index.js";
import type { ColorChange } from "./color-change.js";
import type { ImageOperation } from "./image-operations.js";
import { type ImageSides, sizeOf } from "./image-size.js";
import { drawRandAugment } from "./rand-augment.js";
import { drawErasing } from "./random-erasing.js";
import {
  type Blur,
  type CentreTransform,
  type ColorJitter,
  centreResize,
  type RandomTransform,
  type Region,
  type ScaledTransform,
} from "./transform.js";

/** How a picture of the batch is made from an image; the parts apply in this order. */
export interface View {
  /** The rectangle that becomes the picture. */
  readonly region: Region;
  /** Pixels outside of this rectangle are never looked at: the crop itself, or the whole image. */
  readonly bounds: Region;
  readonly flip: boolean;
  /** Where the image ends within the picture, before it is flipped: pixels beyond are filled with `fill`, masks with 255. */
  readonly filled?: { readonly columns: number; readonly rows: number; readonly fill: readonly number[] };
  /** Of RandAugment. */
  readonly operations?: readonly ImageOperation[];
  readonly color?: ColorChange;
  readonly grayscale?: true;
  /** The standard deviation of a Gaussian blur, in pixels of the picture. */
  readonly blur?: number;
  /** Values from this one on are inverted. */
  readonly solarize?: number;
  /** A rectangle of the finished picture, in its pixels, that noise replaces. */
  readonly erased?: Region;
}

/** The random numbers for one purpose; streams of different purposes know nothing of each other. */
export type StreamOf = (purpose: string) => RandomStream;

const ATTEMPTS = 10;

/**
 * RandomResizedCrop (torchvision's algorithm: ten tries at a crop that fits, then the largest centred one), flip and
 * whatever else is asked for, for an image of `width` x `height` pixels. Where the picture is no square, the proportions of
 * crops are relative to its own (ours), so that it distorts as little as a square does. Crop, flip and jitter share the
 * stream "augmentation"; each other augmentation has its own, so that none shifts another's draws.
 */
export function drawAugmentation(
  streamOf: StreamOf,
  width: number,
  height: number,
  sides: ImageSides,
  options: RandomTransform,
): View {
  const stream = streamOf("augmentation");
  // Flip and jitter are drawn first, so that they do not depend on how many tries the crop takes.
  const flip = stream.uniform() < options.flipProbability;
  const color = options.colorJitter && drawColorChange(stream, options.colorJitter);
  const region = drawCrop(stream, width, height, sides, options);
  const others = drawOthers(streamOf, sides, options);
  return { region, bounds: region, flip, ...(color && { color }), ...others };
}

/** An image whose crop is drawn: of one with a mask, what a crop shows is known. */
export interface CroppedImage {
  readonly width: number;
  readonly height: number;
  /** The largest share that a class has of the labelled pixels of a view. */
  readonly classShare?: ((view: View) => number) | undefined;
}

/**
 * The image at a random scale that keeps its proportions, a part cut out of it at a random place, flip and colours: what
 * segmentation and detection are trained with (mmsegmentation's resizing and cropping; detectron2's large-scale jitter).
 */
export function drawScaled(
  streamOf: StreamOf,
  { width, height, classShare }: CroppedImage,
  sides: ImageSides,
  { scale, fit, flipProbability, colorJitter, maxClassShare, fill }: ScaledTransform,
): View {
  const stream = streamOf("scaled crop");
  const flip = stream.uniform() < flipProbability;
  const color = colorJitter && drawColorChange(stream, colorJitter);
  const size = sizeOf(sides);
  const drawn = stream.uniformIn(...scale);
  const factors = [(size.width * drawn) / width, (size.height * drawn) / height];
  const factor = fit === "outside" ? Math.max(...factors) : Math.min(...factors);
  const [columns, rows] = [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
  const draw = (): View => {
    const left = stream.integer(Math.max(0, columns - size.width) + 1);
    const top = stream.integer(Math.max(0, rows - size.height) + 1);
    const [perColumn, perRow] = [width / columns, height / rows];
    const reached = { columns: Math.min(size.width, columns - left), rows: Math.min(size.height, rows - top) };
    return {
      region: {
        left: left * perColumn,
        top: top * perRow,
        width: size.width * perColumn,
        height: size.height * perRow,
      },
      bounds: { left: 0, top: 0, width, height },
      flip,
      ...((reached.columns < size.width || reached.rows < size.height) && { filled: { ...reached, fill } }),
      ...(color && { color }),
    };
  };
  let view = draw();
  const isMonotonous = (drawn: View) =>
    classShare !== undefined && maxClassShare < 1 && classShare(drawn) > maxClassShare;
  for (let attempt = 1; attempt < ATTEMPTS && isMonotonous(view); attempt++) view = draw();
  return view;
}

/** Only what happens to this image has a key. */
function drawOthers(streamOf: StreamOf, sides: ImageSides, options: RandomTransform): Partial<View> {
  const { randAugment, grayscale = 0, blur, solarize, randomErasing } = options;
  const operations = randAugment && drawRandAugment(streamOf("rand-augment"), randAugment);
  const isGrey = grayscale > 0 && streamOf("grayscale").uniform() < grayscale;
  const sigma = blur && drawSigma(streamOf("blur"), blur);
  const inverts = solarize && streamOf("solarize").uniform() < solarize.probability;
  const erased = randomErasing && drawErasing(streamOf("random erasing"), sides, randomErasing);
  return {
    ...(operations && { operations }),
    ...(isGrey && { grayscale: true }),
    ...(sigma !== undefined && { blur: sigma }),
    ...(inverts && { solarize: solarize.threshold }),
    ...(erased && { erased }),
  };
}

function drawSigma(stream: RandomStream, { probability, sigma }: Blur): number | undefined {
  return stream.uniform() < probability ? stream.uniformIn(...sigma) : undefined;
}

function drawCrop(
  stream: RandomStream,
  width: number,
  height: number,
  sides: ImageSides,
  { scale, ratio }: RandomTransform,
): Region {
  const picture = sizeOf(sides);
  const [narrowest, widest] = ratio.map((bound) => (bound * picture.width) / picture.height) as [number, number];
  const logLow = Math.log(narrowest);
  const logHigh = Math.log(widest);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * stream.uniformIn(scale[0], scale[1]);
    const aspect = Math.exp(stream.uniformIn(logLow, logHigh));
    const cropWidth = Math.round(Math.sqrt(area * aspect));
    const cropHeight = Math.round(Math.sqrt(area / aspect));
    if (cropWidth > 0 && cropWidth <= width && cropHeight > 0 && cropHeight <= height) {
      const top = stream.integer(height - cropHeight + 1);
      const left = stream.integer(width - cropWidth + 1);
      return { left, top, width: cropWidth, height: cropHeight };
    }
  }
  const aspect = Math.min(Math.max(width / height, narrowest), widest);
  const cropWidth = Math.min(width, Math.max(1, Math.round(height * aspect)));
  const cropHeight = Math.min(height, Math.max(1, Math.round(width / aspect)));
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}

function drawColorChange(stream: RandomStream, jitter: ColorJitter): ColorChange | undefined {
  const applies = stream.uniform() < jitter.probability;
  const order = [...stream.permutation(4)];
  const factor = (strength: number) => stream.uniformIn(Math.max(0, 1 - strength), 1 + strength);
  const brightness = factor(jitter.brightness);
  const contrast = factor(jitter.contrast);
  const saturation = factor(jitter.saturation);
  const hue = stream.uniformIn(-jitter.hue, jitter.hue);
  return applies ? { order, brightness, contrast, saturation, hue } : undefined;
}

/** The view for evaluation: resized to fill a rectangle, then its centre cut out, as torchvision's Resize and CenterCrop. */
export function centreView(width: number, height: number, sides: ImageSides, transform: CentreTransform): View {
  const size = sizeOf(sides);
  const filled = centreResize(transform, sides);
  const isNarrow = width * filled.height <= height * filled.width;
  const resizedWidth = isNarrow ? filled.width : Math.floor((filled.height * width) / height);
  const resizedHeight = isNarrow ? Math.floor((filled.width * height) / width) : filled.height;
  // Resizing and cutting are one step: the region is where the cut-out picture lies in the image as it was.
  const perColumn = width / resizedWidth;
  const perRow = height / resizedHeight;
  return {
    region: {
      left: Math.round((resizedWidth - size.width) / 2) * perColumn,
      top: Math.round((resizedHeight - size.height) / 2) * perRow,
      width: size.width * perColumn,
      height: size.height * perRow,
    },
    bounds: { left: 0, top: 0, width, height },
    flip: false,
  };
}
