// The two labelled sets of an evaluation: what is learnt from, and what is tested on.

import { resolve } from "node:path";
import type { ImageSource, Split } from "../data/index.js";
import { stratifiedFraction } from "../heads/label-fractions.js";
import type { Waits } from "../terminal/waiting.js";
import { openImages } from "../training/open-images.js";
import { EvaluationError } from "./errors.js";

export interface LabelledSetsRequest {
  readonly train: string | readonly string[];
  readonly test: string | readonly string[];
  /** The share of the training labels that is used, of every class alike; 1 by default. */
  readonly labelsFraction?: number;
  /** What that share is drawn from; 0 by default. */
  readonly seed?: number;
}

/** Images of a source with their classes. */
export interface LabelledSet {
  /** Tells sets apart: the paths, and which part of them. */
  readonly id: string;
  readonly source: ImageSource;
  /** The images that are used. */
  readonly indices: Int32Array;
  /** The class of an image of the source, as an index into the classes of the training set. */
  labelOf(index: number): number;
}

export interface LabelledSets {
  readonly classes: readonly string[];
  readonly train: LabelledSet;
  readonly test: LabelledSet;
}

/** Opens both sets; of an IDX folder that has both splits, each takes its own. Throws EvaluationError, SourceError. */
export async function openLabelledSets(request: LabelledSetsRequest, waits?: Waits): Promise<LabelledSets> {
  const { labelsFraction = 1, seed = 0 } = request;
  const [train, test] = [
    await openLabelledSet(request.train, "train", waits),
    await openLabelledSet(request.test, "test", waits),
  ];
  const places = test.classes.map((name) => train.classes.indexOf(name));
  const unknown = test.classes.filter((_, place) => places[place] === -1);
  if (unknown.length > 0) {
    throw new EvaluationError({
      expected: "test images of the classes that there are to learn from",
      found: `other classes: ${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", ..." : ""}`,
      remedy: "Give the folders of a class the same name in both sets",
    });
  }
  return {
    classes: train.classes,
    train: fractionOf(train.set, labelsFraction, seed),
    test: { ...test.set, labelOf: (index) => places[test.set.labelOf(index)]! },
  };
}

/** Opens one labelled set, all of its images. Throws EvaluationError where it has no labels, SourceError. */
export async function openLabelledSet(
  path: string | readonly string[],
  split: Split,
  waits?: Waits,
): Promise<{ readonly classes: readonly string[]; readonly set: LabelledSet }> {
  const source = await openImages(path, split, waits);
  const set = {
    id: setId(path, split),
    source,
    indices: Int32Array.from({ length: source.count }, (_, index) => index),
    labelOf: (index: number) => source.label(index)!,
  };
  return { classes: classesOf(source, path), set };
}

/** A share of a set's images, of every class alike. */
export function fractionOf(set: LabelledSet, fraction: number, seed: number): LabelledSet {
  const chosen = stratifiedFraction(set.indices.map(set.labelOf), fraction, seed);
  return { ...set, indices: chosen.map((place) => set.indices[place]!) };
}

function setId(paths: string | readonly string[], split: Split): string {
  return JSON.stringify([split, ...[paths].flat().map((path) => resolve(path))]);
}

function classesOf({ classes, description }: ImageSource, path: string | readonly string[]): readonly string[] {
  if (classes !== undefined) return classes;
  throw new EvaluationError({
    expected: `labelled images at ${[path].flat().join(", ")}`,
    found: description,
    remedy: "Put the images of each class into a folder of their own, or give a set that has labels",
  });
}
