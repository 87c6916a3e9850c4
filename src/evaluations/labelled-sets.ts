// The two labelled sets of an evaluation: what is learnt from, and what is tested on.

import { resolve } from "node:path";
import type { ImageSource, Split } from "../data/index.js";
import { stratifiedFraction, stratifiedSplit } from "../heads/label-fractions.js";
import type { Waits } from "../terminal/waiting.js";
import { openImages } from "../training/open-images.js";
import { EvaluationError } from "./errors.js";
import { testSetProblem } from "./options.js";
import type { SetReport } from "./report.js";
import { warnOfSharedImages } from "./shared-images.js";

export interface LabelledSetsRequest {
  readonly train: string | readonly string[];
  /** Either this or `holdout`. */
  readonly test?: string | readonly string[] | undefined;
  /** The share of the images of `train`, of every class alike, that is tested on and not learnt from; drawn from the seed. */
  readonly holdout?: number | undefined;
  /** The share of the training labels that is used, of every class alike; 1 by default. */
  readonly labelsFraction?: number;
  /** What these shares are drawn from; 0 by default. */
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

/**
 * Opens both sets; of an IDX folder that has both splits, each takes its own. Calls `warn` where images are in both. Throws
 * EvaluationError, SourceError.
 */
export async function openLabelledSets(
  request: LabelledSetsRequest,
  waits?: Waits,
  warn?: (message: string) => void,
): Promise<LabelledSets> {
  const { labelsFraction = 1, seed = 0, holdout } = request;
  const problem = testSetProblem(request);
  if (problem !== undefined) throw new EvaluationError(problem);
  const train = await openLabelledSet(request.train, "train", waits);
  if (holdout !== undefined) return heldOutSets(train, holdout, labelsFraction, seed);
  const test = await openLabelledSet(request.test!, "test", waits);
  const places = test.classes.map((name) => train.classes.indexOf(name));
  const unknown = test.classes.filter((_, place) => places[place] === -1);
  if (unknown.length > 0) {
    throw new EvaluationError({
      expected: "test images of the classes that there are to learn from",
      found: `other classes: ${unknown.slice(0, 5).join(", ")}${unknown.length > 5 ? ", ..." : ""}`,
      remedy: "Give the folders of a class the same name in both sets",
    });
  }
  const sets = {
    classes: train.classes,
    train: fractionOf(train.set, labelsFraction, seed),
    test: { ...test.set, labelOf: (index: number) => places[test.set.labelOf(index)]! },
  };
  if (warn !== undefined) await warnOfSharedImages(sets, warn);
  return sets;
}

interface OpenedSet {
  readonly classes: readonly string[];
  readonly set: LabelledSet;
}

function heldOutSets({ classes, set }: OpenedSet, holdout: number, labelsFraction: number, seed: number): LabelledSets {
  const { kept, heldOut } = stratifiedSplit(set.indices.map(set.labelOf), holdout, seed);
  if (heldOut.length === 0) {
    throw new EvaluationError({
      expected: "a class with at least two images, of which one can be held out",
      found: `${set.indices.length} images of ${classes.length} classes`,
      remedy: "Add images, or give images to test on",
    });
  }
  const at = (places: Int32Array) => ({ ...set, indices: places.map((place) => set.indices[place]!) });
  return { classes, train: fractionOf(at(kept), labelsFraction, seed), test: at(heldOut) };
}

/** What a report says of where its test images are from. */
export function testedOn({ train, test, holdout }: LabelledSetsRequest): Pick<SetReport, "source" | "holdout"> {
  return { source: test ?? train, ...(holdout !== undefined && { holdout }) };
}

/** Opens one labelled set, all of its images. Throws EvaluationError where it has no labels, SourceError. */
export async function openLabelledSet(
  path: string | readonly string[],
  split: Split,
  waits?: Waits,
): Promise<OpenedSet> {
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
