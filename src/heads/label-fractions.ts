// A share of the labelled images, the same share of every class; and such a share apart from the others.
import { randomStream } from "../random/index.js";

/**
 * Places of `fraction` (above 0, at most 1) of the labels, in their order: of each class the share rounded, and at least one.
 * Which ones is drawn from the seed; those of a smaller fraction are among those of a larger one.
 */
export function stratifiedFraction(labels: ArrayLike<number>, fraction: number, seed: number): Int32Array {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`a fraction of the labels is above 0 and at most 1, but it is ${fraction}`);
  }
  return drawn(labels, { seed, stream: "label fraction" }, (images) => Math.max(1, Math.round(fraction * images)));
}

/** Places of the labels, in their order. */
export interface SplitPlaces {
  readonly kept: Int32Array;
  readonly heldOut: Int32Array;
}

/**
 * Divides labels in two: `share` (above 0, below 1) of each class is held out, rounded, but of two labels or more at least
 * one and never all; a single one is kept. Which ones is drawn from the seed; those of a smaller share are among those of a
 * larger one.
 */
export function stratifiedSplit(labels: ArrayLike<number>, share: number, seed: number): SplitPlaces {
  if (!(share > 0 && share < 1)) throw new RangeError(`a share to hold out is above 0 and below 1, but it is ${share}`);
  const heldOut = drawn(labels, { seed, stream: "hold out" }, (images) =>
    Math.min(Math.max(1, Math.round(share * images)), images - 1),
  );
  const isHeldOut = new Set(heldOut);
  const kept = Int32Array.from({ length: labels.length }, (_, place) => place).filter((place) => !isHeldOut.has(place));
  return { kept, heldOut };
}

function drawn(
  labels: ArrayLike<number>,
  { seed, stream }: { readonly seed: number; readonly stream: string },
  wantedOf: (images: number) => number,
): Int32Array {
  const byClass = new Map<number, number[]>();
  for (let place = 0; place < labels.length; place++) {
    const label = labels[place]!;
    const places = byClass.get(label);
    if (places === undefined) byClass.set(label, [place]);
    else places.push(place);
  }
  const chosen = [...byClass].flatMap(([label, places]) => {
    const order = randomStream(seed, stream, 0, label).permutation(places.length);
    return Array.from(order.subarray(0, wantedOf(places.length)), (index) => places[index]!);
  });
  return Int32Array.from(chosen).sort();
}
