// The cut-outs that scenes are composed of: images with transparency, their classes, and which split each belongs to.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import { imageFault } from "../data/image-fault.js";
import { hasImageSignature, IMAGE_KINDS } from "../data/image-kind.js";
import { reasonOf } from "../data/image-reader.js";
import { openSource, SourceError } from "../data/index.js";
import { FileError } from "../files/file-error.js";
import { LARGEST_LIST, readBytes, readText } from "../files/regular-file.js";
import { randomStream } from "../random/index.js";

/** The two parts of a set of scenes, which share no cut-outs. */
export type SceneSplit = "training" | "validation";

export interface Cutout {
  readonly path: string;
  /** An index into the classes. */
  readonly label: number;
}

export interface CutoutSets {
  /** In alphabetical order. */
  readonly classes: readonly string[];
  /** No cut-out is in both. */
  readonly sets: Readonly<Record<SceneSplit, readonly Cutout[]>>;
  /** Files that were left out, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** Which cut-outs are read. */
export interface CutoutRequest {
  readonly folder: string;
  /** A JSON file that names the class of each image; without it, first-level folders are the classes. */
  readonly labels?: string;
  readonly seed: number;
  /** The share of each class's cut-outs that only validation scenes show. */
  readonly validationShare: number;
  /** Called after each file. */
  readonly onProgress?: (done: number, count: number) => void;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal;
}

/** An image is a cut-out where at least this share of it is transparent, and at least this share is not. */
const LEAST_SHARE = 0.02;

/** A pixel is an object's where its opacity, of 255, is at least this. */
export const SOLID = 128;
/** Larger cut-outs are left out. */
export const MOST_PIXELS = 4096 ** 2;

/** Finds, checks and splits the cut-outs. Throws SourceError where fewer than two classes have two of them. */
export async function openCutouts({
  folder,
  labels,
  seed,
  validationShare,
  onProgress,
  signal,
}: CutoutRequest): Promise<CutoutSets> {
  const source = await openSource(folder);
  if (source.table.kind !== "files") throw noCutouts(folder, `a source of kind ${source.kind}`);
  const classOf = labels === undefined ? folderClasses(source, folder) : fileClasses(labels);
  const found: { readonly path: string; readonly name: string }[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (let index = 0; index < source.count; index++) {
    const name = source.name(index);
    const className = classOf(name, index);
    const path = join(folder, name);
    const reason = className === undefined ? "it has no class" : await findFault(path);
    if (reason === undefined) found.push({ path, name: className! });
    else skipped.push({ name, reason });
    onProgress?.(index + 1, source.count);
    signal?.throwIfAborted();
  }
  const classes = [...new Set(found.map(({ name }) => name))]
    .filter((name) => found.filter((each) => each.name === name).length >= 2)
    .sort();
  if (classes.length < 2)
    throw noCutouts(folder, `${found.length} cut-outs in ${classes.length} classes of two or more`);
  const sets = { training: [] as Cutout[], validation: [] as Cutout[] };
  for (const [label, name] of classes.entries()) {
    const own = found.filter((each) => each.name === name);
    const order = randomStream(seed, "cut-outs", 0, label).permutation(own.length);
    const held = Math.min(own.length - 1, Math.max(1, Math.round(validationShare * own.length)));
    for (const [place, index] of order.entries()) {
      sets[place < held ? "validation" : "training"].push({ path: own[index]!.path, label });
    }
  }
  return { classes, sets, skipped };
}

function folderClasses(source: Awaited<ReturnType<typeof openSource>>, folder: string) {
  const { classes } = source;
  if (classes === undefined) throw noCutouts(folder, "images without classes");
  return (_: string, index: number): string | undefined => classes[source.label(index)!];
}

const labelsSchema = z.union([
  z.record(z.string(), z.string().min(1)),
  z.array(z.object({ image: z.string(), category: z.string().min(1) })),
]);

/** A mapping of file names to classes, or a list of objects with `image` and `category`, as emoji-datasource has it. */
function fileClasses(path: string): (name: string) => string | undefined {
  let values: unknown;
  try {
    values = JSON.parse(readText(path, LARGEST_LIST));
  } catch (error) {
    throw wrongLabels(path, error instanceof FileError ? error.found : (error as Error).message);
  }
  const parsed = labelsSchema.safeParse(values);
  if (!parsed.success) throw wrongLabels(path, "something else");
  const entries = Array.isArray(parsed.data)
    ? parsed.data.map(({ image, category }) => [image, category] as const)
    : Object.entries(parsed.data);
  const classes = new Map(entries);
  return (name) => classes.get(basename(name));
}

async function findFault(path: string): Promise<string | undefined> {
  try {
    const bytes = readBytes(path, LARGEST_LIST);
    if (!hasImageSignature(bytes)) return `the content is not a ${IMAGE_KINDS} image`;
    const image = sharp(bytes, { limitInputPixels: MOST_PIXELS });
    const { hasAlpha } = await image.metadata();
    if (!hasAlpha) return "it has no transparency";
    const { data } = await image.extractChannel("alpha").raw().toBuffer({ resolveWithObject: true });
    if (!data.some((alpha) => alpha >= SOLID)) return "no pixel of it is opaque";
    const mean = data.reduce((sum, alpha) => sum + alpha, 0) / data.length / 255;
    if (mean > 1 - LEAST_SHARE) return "nothing of it is transparent";
    if (mean < LEAST_SHARE) return "nearly all of it is transparent";
    return undefined;
  } catch (error) {
    return reasonOf(imageFault(error));
  }
}

function noCutouts(folder: string, found: string): SourceError {
  return new SourceError({
    expected: `a folder of images with transparency, in folders of a class each, at ${folder}`,
    found: existsSync(folder) ? found : "nothing",
    remedy: "Sort the images into folders, or name their classes in a file with --labels",
  });
}

function wrongLabels(path: string, found: string): SourceError {
  return new SourceError({
    expected: `a JSON file that maps file names to classes, or a list of objects with image and category, at ${path}`,
    found,
    remedy: "For emoji-datasource, give its emoji.json",
  });
}
