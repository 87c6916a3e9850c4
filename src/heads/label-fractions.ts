// A share of the labelled images, the same share of every class.
import { randomStream } from "../random/index.js";

/**
 * Places of `fraction` (above 0, at most 1) of the labels, in their order: of each class the share rounded, and at least one.
 * Which ones is drawn from the seed; those of a smaller fraction are among those of a larger one.
 */
export function stratifiedFraction(labels: ArrayLike<number>, fraction: number, seed: number): Int32Array {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`a fraction of the labels is above 0 and at most 1, but it is ${fraction}`);
  }
  const byClass = new Map<number, number[]>();
  for (let place = 0; place < labels.length; place++) {
    const label = labels[place]!;
    const places = byClass.get(label);
    if (places === undefined) byClass.set(label, [place]);
    else places.push(place);
  }
  const chosen = [...byClass].flatMap(([label, places]) => {
    const order = randomStream(seed, "label fraction", 0, label).permutation(places.length);
    const wanted = Math.max(1, Math.round(fraction * places.length));
    return Array.from(order.subarray(0, wanted), (index) => places[index]!);
  });
  return Int32Array.from(chosen).sort();
}
