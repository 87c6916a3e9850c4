// RandAugment: a few operations drawn for each image, of random kinds, strengths and signs; nothing here touches a pixel.

import type { RandomStream } from "../random/index.js";
import type { ImageOperation, OperationName } from "./image-operations.js";
import type { RandAugment } from "./transform.js";

/** The magnitude at which an operation is at its strongest. */
const LARGEST_MAGNITUDE = 10;

/** How often a chosen operation is applied at all. */
const PROBABILITY = 0.5;

/** The amount of an operation for a strength from 0 to 1 and a sign. */
type AmountOf = (strength: number, sign: 1 | -1) => number;

const none: AmountOf = () => 0;
const factor: AmountOf = (strength, sign) => 1 + sign * 0.9 * strength;
const shear: AmountOf = (strength, sign) => sign * 0.3 * strength;
const translate: AmountOf = (strength, sign) => sign * 0.45 * strength;

/** timm's "increasing" variants: more strength always is more change. */
const AMOUNTS: Readonly<Record<OperationName, AmountOf>> = {
  autoContrast: none,
  equalize: none,
  invert: none,
  rotate: (strength, sign) => sign * 30 * strength,
  posterize: (strength) => 4 - Math.trunc(4 * strength),
  solarize: (strength) => 256 - Math.trunc(256 * strength),
  solarizeAdd: (strength) => Math.trunc(110 * strength),
  color: factor,
  contrast: factor,
  brightness: factor,
  sharpness: factor,
  shearX: shear,
  shearY: shear,
  translateX: translate,
  translateY: translate,
};

const NAMES = Object.keys(AMOUNTS) as OperationName[];

/**
 * The operations for one image, in the order in which they apply. RandAugment (Cubuk et al. 2020) as timm's policy
 * `rand-m9-mstd0.5-inc1` has it: each is chosen evenly among fifteen, with replacement, is left out half of the time,
 * and has a magnitude of its own from a normal distribution.
 */
export function drawRandAugment(stream: RandomStream, options: RandAugment): ImageOperation[] {
  const drawn: ImageOperation[] = [];
  for (let i = 0; i < options.operations; i++) {
    const name = NAMES[stream.integer(NAMES.length)]!;
    const applies = stream.uniform() < PROBABILITY;
    const magnitude = options.magnitude + options.magnitudeDeviation * stream.normal();
    const sign = stream.uniform() < 0.5 ? 1 : -1;
    const strength = Math.min(1, Math.max(0, magnitude / LARGEST_MAGNITUDE));
    if (applies) drawn.push({ name, amount: AMOUNTS[name](strength, sign) });
  }
  return drawn;
}
