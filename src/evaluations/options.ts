// The options of evaluations as schemas: flags, keys of recipes, checks and help texts are made of them.

import { z } from "zod";
import { runLimits } from "../config/limits.js";
import type { Finding } from "../data/errors.js";
import { poolings } from "../heads/features.js";

/** What a schema of an option says beside what is valid. */
export interface OptionMeta {
  readonly description: string;
  /** The flag where it is not made of the option's name, such as "--pool <how>". */
  readonly flag?: string;
  /** Of paths of image sets: where the images are within, such as "images"; "" for the path itself. */
  readonly imagesWithin?: string;
}

export function metaOf(schema: z.ZodType): OptionMeta {
  return { description: "", ...schema.meta() };
}

const path = z.string().min(1, "expected a path; found an empty text");

/** A set of images: a path, or several that are one set together. */
export function imageSet(description: string) {
  return z
    .union([path, z.array(path).min(1)], "expected a path, or a list of paths")
    .meta({ description, imagesWithin: "" });
}

function optionalImageSet(description: string) {
  return imageSet(description).optional().meta({ description, imagesWithin: "" });
}

/** A folder with its images in `imagesWithin`, and what is known of them beside it. */
export function imageFolder(description: string, imagesWithin: string) {
  return path.meta({ description, imagesWithin });
}

/** At most so many images. */
export function imageCount(description: string, fallback: number) {
  return z.int().min(1).max(runLimits.images).default(fallback).describe(description);
}

export function seed(description: string) {
  return z.int().min(0).default(0).describe(description);
}

const share = z.number().gt(0).max(1);

export interface TestImages {
  readonly test?: unknown;
  readonly holdout?: number | undefined;
}

/** What is wrong where images to test on are neither given nor held out, or both; undefined where nothing is. */
export function testSetProblem({ test, holdout }: TestImages): Finding | undefined {
  if ((test === undefined) !== (holdout === undefined)) return undefined;
  return {
    expected: "either images to test on (test) or a share of the labelled ones to hold out for that (holdout)",
    found: test === undefined ? "neither" : "both",
    remedy: test === undefined ? "Give one of the two, such as --holdout 0.2" : "Leave one of the two out",
  };
}

/** Two labelled sets, and how many of the labels are used. */
export function labelledSets(seedDescription: string) {
  return {
    train: imageSet(
      "labelled images to learn from: a folder for each class, .tar shards, or IDX; several paths are one set",
    ),
    test: optionalImageSet("labelled images to test on; an IDX folder that has both serves as both"),
    holdout: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe("in place of --test: share of the images of each class to test on, and not to learn from: 0.2 or 20%"),
    labelsFraction: share.default(1).describe("share of the training labels to use, of each class alike: 0.01 or 1%"),
    seed: seed(seedDescription),
  };
}

/** Images that the encoder has not seen. */
export function heldOutImages(images: number, seedDescription: string) {
  return {
    test: imageSet("images that were not trained on: a folder, .tar shards, or IDX"),
    images: imageCount("how many of them, at most, in whole batches", images),
    seed: seed(seedDescription),
  };
}

export const poolingOption = z.enum(poolings);
export const poolingMeta = {
  description: "vector of an image: the mean of its patch tokens, or the CLS token",
  flag: "--pool <how>",
} as const;
