// How well scores for classes agree with labels: top-1, top-5, each class, and what is taken for what.

/** How many images of a class were classified correctly. */
export interface ClassAccuracy {
  readonly name: string;
  readonly images: number;
  readonly correct: number;
  /** Null where the class has no images. */
  readonly accuracy: number | null;
}

/** Shares of images, from 0 to 1, that were classified correctly, by class and overall. */
export interface ClassificationResult {
  readonly images: number;
  /** Shares of the images, from 0 to 1. */
  readonly top1: number;
  /** Null where there are no more than five classes: it would always be 1. */
  readonly top5: number | null;
  readonly perClass: readonly ClassAccuracy[];
  /** confusion[label][predicted] is a number of images. */
  readonly confusion: readonly (readonly number[])[];
}

/** Scores [images, classes], the higher the likelier; of equal ones the class that comes first is preferred. */
export function classificationResult(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: readonly string[],
): ClassificationResult {
  const images = labels.length;
  const confusion = classes.map(() => classes.map(() => 0));
  let inFive = 0;
  for (let image = 0; image < images; image++) {
    const label = labels[image]!;
    const start = image * classes.length;
    const own = scores[start + label]!;
    let best = 0;
    let ahead = 0;
    for (let other = 0; other < classes.length; other++) {
      const score = scores[start + other]!;
      if (score > scores[start + best]!) best = other;
      if (score > own || (score === own && other < label)) ahead++;
    }
    confusion[label]![best]! += 1;
    if (ahead < 5) inFive++;
  }
  const perClass = classes.map((name, index): ClassAccuracy => {
    const total = confusion[index]!.reduce((sum, count) => sum + count, 0);
    const correct = confusion[index]![index]!;
    return { name, images: total, correct, accuracy: total === 0 ? null : correct / total };
  });
  return {
    images,
    top1: perClass.reduce((sum, { correct }) => sum + correct, 0) / images,
    top5: classes.length > 5 ? inFive / images : null,
    perClass,
    confusion,
  };
}
