// What an image is trained towards: label smoothing, and mixup or cutmix with another image of the batch.
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
export function drawMixture(stream: RandomStream, options: SoftLabelOptions, imageSize: number): Mixture | undefined {
  const { mixup, cutmix } = options;
  if (mixup === 0 && cutmix === 0) return undefined;
  const cuts = cutmix > 0 && (mixup === 0 || stream.uniform() < 0.5);
  const share = drawBeta(stream, cuts ? cutmix : mixup);
  if (!cuts) return { share };
  // A rectangle of that share around a random pixel; what lies outside of the image is cut off, and the share follows.
  const side = Math.floor(imageSize * Math.sqrt(1 - share));
  const edge = (value: number) => Math.min(imageSize, Math.max(0, value));
  const [row, column] = [stream.integer(imageSize), stream.integer(imageSize)];
  const box = {
    top: edge(row - Math.floor(side / 2)),
    bottom: edge(row + Math.floor(side / 2)),
    left: edge(column - Math.floor(side / 2)),
    right: edge(column + Math.floor(side / 2)),
  };
  return { share: 1 - ((box.bottom - box.top) * (box.right - box.left)) / imageSize ** 2, box };
}

/** How much of each pixel of an image is its own, [imageSize, imageSize]. */
export function ownShares({ share, box }: Mixture, imageSize: number): Float32Array {
  if (box === undefined) return new Float32Array(imageSize ** 2).fill(share);
  const shares = new Float32Array(imageSize ** 2).fill(1);
  for (let row = box.top; row < box.bottom; row++) {
    shares.fill(0, row * imageSize + box.left, row * imageSize + box.right);
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
