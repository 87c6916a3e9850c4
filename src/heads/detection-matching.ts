// Which detections find which objects, at each IoU threshold and for each range of areas, and the precision that follows.

/** IoU 0.5 to 0.95 by 0.05, and recalls 0 to 1 by 0.01, with the rounding that numpy.linspace gives them. */
const THRESHOLDS = Array.from({ length: 10 }, (_, index) => (index === 9 ? 0.95 : index * ((0.95 - 0.5) / 9) + 0.5));
const RECALLS = Array.from({ length: 101 }, (_, index) => (index === 100 ? 1 : index * 0.01));
/** All, small, medium and large, in pixels; both ends belong to a range. */
const AREAS: readonly (readonly [least: number, most: number])[] = [
  [0, 1e5 ** 2],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e5 ** 2],
];
/** The distance from 1 to the next larger number: keeps 0 / 0 from arising. */
const SPACING = Number.EPSILON;

/** The objects and detections of one class in one image; detections are sorted by score, at most 100 of them. */
export interface ImageToMatch {
  readonly truth: readonly { readonly area: number; readonly isCrowd: boolean }[];
  readonly scores: readonly number[];
  /** Of the detections. */
  readonly areas: readonly number[];
  /** [detections][objects]. */
  readonly ious: readonly (readonly number[])[];
}

/** What became of the detections of an image. */
export interface MatchedImage {
  readonly scores: readonly number[];
  /** How many objects count, for each range of areas. */
  readonly counted: readonly number[];
  /** [areas, thresholds, detections]: FOUND an object, LEFT_OUT, both or neither. */
  readonly outcomes: Uint8Array;
}

const [FOUND, LEFT_OUT] = [1, 2];

/**
 * Greedily, the highest score first: each detection takes the object of the highest IoU that is still free, of equal ones the
 * last. Objects that do not count (crowds, areas out of the range) are taken only where no other is left; crowds any number
 * of times. What takes such an object is left out, and so is what takes none and is itself out of the range.
 */
export function matchImage({ truth, scores, areas, ious }: ImageToMatch): MatchedImage {
  const count = scores.length;
  const outcomes = new Uint8Array(AREAS.length * THRESHOLDS.length * count);
  const counted = AREAS.map(([least, most], range) => {
    const isIgnored = truth.map(({ area, isCrowd }) => isCrowd || area < least || area > most);
    const order = [...truth.keys()].sort((a, b) => Number(isIgnored[a]) - Number(isIgnored[b]));
    for (const [level, threshold] of THRESHOLDS.entries()) {
      const taken = new Uint8Array(truth.length);
      for (let detection = 0; detection < count; detection++) {
        let highest = Math.min(threshold, 1 - 1e-10);
        let match = -1;
        for (const object of order) {
          if (taken[object] === 1 && !truth[object]!.isCrowd) continue;
          // Once one is found that counts, those that do not are not looked at.
          if (match >= 0 && !isIgnored[match] && isIgnored[object]) break;
          const iou = ious[detection]![object]!;
          if (iou < highest) continue;
          [highest, match] = [iou, object];
        }
        const isOutside = areas[detection]! < least || areas[detection]! > most;
        const isLeftOut = match >= 0 ? isIgnored[match]! : isOutside;
        if (match >= 0) taken[match] = 1;
        outcomes[placeOf(range, level, detection, count)] = (match >= 0 ? FOUND : 0) | (isLeftOut ? LEFT_OUT : 0);
      }
    }
    return isIgnored.filter((each) => !each).length;
  });
  return { scores, counted, outcomes };
}

function placeOf(area: number, level: number, detection: number, count: number): number {
  return (area * THRESHOLDS.length + level) * count + detection;
}

/** The images of one class, put together. */
export class MatchedClass {
  readonly #images: MatchedImage[] = [];
  readonly #curves = new Map<string, Curves | undefined>();

  add(image: MatchedImage): void {
    this.#images.push(image);
  }

  /** Precision at each threshold (or at one) and each recall; none where no object counts. */
  precisions(area: number, most: number, threshold?: number): number[] {
    const curves = this.#curvesOf(area, most);
    if (curves === undefined) return [];
    return threshold === undefined ? curves.precisions.flat() : curves.precisions[threshold]!;
  }

  /** The largest recall at each threshold; none where no object counts. */
  recalls(area: number, most: number): number[] {
    return this.#curvesOf(area, most)?.recalls ?? [];
  }

  #curvesOf(area: number, most: number): Curves | undefined {
    const key = `${area} ${most}`;
    if (!this.#curves.has(key)) this.#curves.set(key, curvesOf(this.#images, area, most));
    return this.#curves.get(key);
  }
}

interface Curves {
  readonly precisions: number[][];
  readonly recalls: number[];
}

/** `most`: as many detections of each image. Undefined where no object counts. */
function curvesOf(images: readonly MatchedImage[], area: number, most: number): Curves | undefined {
  const counted = images.reduce((sum, image) => sum + image.counted[area]!, 0);
  if (counted === 0) return undefined;
  const detections = images.flatMap(({ scores, outcomes }) =>
    scores.slice(0, most).map((score, place) => ({ score, place, count: scores.length, outcomes })),
  );
  detections.sort((a, b) => b.score - a.score);
  const precisions: number[][] = [];
  const recalls: number[] = [];
  for (let level = 0; level < THRESHOLDS.length; level++) {
    const recall: number[] = [];
    const precision: number[] = [];
    let [right, wrong] = [0, 0];
    for (const { place, count, outcomes } of detections) {
      const outcome = outcomes[placeOf(area, level, place, count)]!;
      if ((outcome & LEFT_OUT) === 0) {
        if (outcome === FOUND) right++;
        else wrong++;
      }
      recall.push(right / counted);
      precision.push(right / (wrong + right + SPACING));
    }
    // From the right, so that precision never rises with recall.
    for (let index = precision.length - 1; index > 0; index--) {
      if (precision[index]! > precision[index - 1]!) precision[index - 1] = precision[index]!;
    }
    precisions.push(RECALLS.map((wanted) => precision[firstAtLeast(recall, wanted)] ?? 0));
    recalls.push(recall.at(-1) ?? 0);
  }
  return { precisions, recalls };
}

/** The first place of an ascending list whose value is not below `wanted`; its length where there is none. */
function firstAtLeast(values: readonly number[], wanted: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
