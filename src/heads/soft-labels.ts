// What an image is trained towards: label smoothing, and mixup or cutmix with another image of the batch.
import { type ImageSides, pixelCount, sizeOf } from "../data/image-size.js";
import { drawBeta, type RandomStream } from "../random/index.js";

export interface SoftLabelOptions {
  /** The share of the target that is spread over all classes alike. */
  readonly labelSmoothing: number;
  /** Shape of the beta distribution that mixup draws its share from; 0 for no mixup [Zhang et al., ICLR 2018]. */
  readonly mixup: number;
  /** The same for cutmix [Yun et al., ICCV 2019]. */
  readonly cutmix: number;
}

/** How the images of one batch are mixed, each with its partner. */
export interface Mixture {
  /** The share of the image's own pixels. */
  readonly share: number;
  /** The rectangle of pixels that cutmix takes from the partner: rows top to bottom - 1. Undefined for mixup. */
  readonly box?: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
}

/**
 * One draw for a whole batch; where both kinds are wanted, each comes half of the time [timm's and MAE's protocol].
 * Undefined where neither is.
 */
export function drawMixture(
  stream: RandomStream,
  options: SoftLabelOptions,
  imageSize: ImageSides,
): Mixture | undefined {
  const { mixup, cutmix } = options;
  if (mixup === 0 && cutmix === 0) return undefined;
  const cuts = cutmix > 0 && (mixup === 0 || stream.uniform() < 0.5);
  const share = drawBeta(stream, cuts ? cutmix : mixup);
  if (!cuts) return { share };
  // A rectangle of that share around a random pixel; what lies outside of the image is cut off, and the share follows.
  const { width, height } = sizeOf(imageSize);
  const half = (side: number) => Math.floor(Math.floor(side * Math.sqrt(1 - share)) / 2);
  const within = (value: number, side: number) => Math.min(side, Math.max(0, value));
  const [row, column] = [stream.integer(height), stream.integer(width)];
  const box = {
    top: within(row - half(height), height),
    bottom: within(row + half(height), height),
    left: within(column - half(width), width),
    right: within(column + half(width), width),
  };
  return { share: 1 - ((box.bottom - box.top) * (box.right - box.left)) / pixelCount(imageSize), box };
}

/** How much of each pixel of an image is its own, [height, width]. */
export function ownShares({ share, box }: Mixture, imageSize: ImageSides): Float32Array {
  if (box === undefined) return new Float32Array(pixelCount(imageSize)).fill(share);
  const { width } = sizeOf(imageSize);
  const shares = new Float32Array(pixelCount(imageSize)).fill(1);
  for (let row = box.top; row < box.bottom; row++) {
    shares.fill(0, row * width + box.left, row * width + box.right);
  }
  return shares;
}

/** Targets [images, classes] of images whose partners have `partnerLabels`; each row adds up to 1. */
export function softTargets(
  labels: ArrayLike<number>,
  partnerLabels: ArrayLike<number>,
  share: number,
  classes: number,
  labelSmoothing: number,
): Float32Array {
  const spread = labelSmoothing / classes;
  const targets = new Float32Array(labels.length * classes).fill(spread);
  for (let image = 0; image < labels.length; image++) {
    targets[image * classes + labels[image]!]! += (1 - labelSmoothing) * share;
    targets[image * classes + partnerLabels[image]!]! += (1 - labelSmoothing) * (1 - share);
  }
  return targets;
}
