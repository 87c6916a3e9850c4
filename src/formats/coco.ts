// COCO's instance files: images, categories, and objects with boxes and masks, checked to the last number.
import { type CocoBox, polygonRuns, type Runs, unionOfRuns } from "./coco-masks.js";
import { decompressRuns } from "./coco-rle.js";
import { FormatError } from "./errors.js";

/** An image that objects are marked in. */
export interface CocoImage {
  readonly id: number;
  /** Below the folder of its part of the set. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** A class of objects. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** A mask: polygons of which it is the union, or runs, as text where they are compressed. */
export type CocoSegmentation =
  | { readonly kind: "polygons"; readonly polygons: readonly (readonly number[])[] }
  | { readonly kind: "runs"; readonly size: readonly [height: number, width: number]; readonly counts: Runs | string };

/** An object, or a crowd of them. */
export interface CocoAnnotation {
  readonly id: number;
  readonly imageId: number;
  readonly categoryId: number;
  readonly box: CocoBox;
  /** In pixels, as the file has it: of the mask, mostly. */
  readonly area: number;
  readonly isCrowd: boolean;
  readonly segmentation: CocoSegmentation | undefined;
}

/** What a file holds; images and objects in its order, categories by their ids. */
export interface CocoInstances {
  readonly images: readonly CocoImage[];
  readonly categories: readonly CocoCategory[];
  readonly annotations: readonly CocoAnnotation[];
}

const FORMAT = "COCO file";
/** COCO's own training set has 450 MB; a text of more characters cannot be parsed. */
export const LARGEST_COCO_FILE = 500 * 2 ** 20;
const LARGEST_SIDE = 2 ** 16;

/** Throws FormatError with the id of what is wrong: no number is taken on trust. */
export function parseCocoInstances(bytes: Uint8Array): CocoInstances {
  const root = parseJson(bytes, FORMAT);
  if (!isRecord(root)) throw new FormatError(FORMAT, `expected an object; found ${show(root)}`);
  const images = listOf(root, "images").map(readImage);
  const categories = listOf(root, "categories")
    .map(readCategory)
    .sort((a, b) => a.id - b.id);
  const byId = new Map(images.map((image) => [image.id, image]));
  checkDistinct(images, byId.size, "image");
  const known = new Set(categories.map(({ id }) => id));
  checkDistinct(categories, known.size, "category");
  const annotations = listOf(root, "annotations").map((each) => readAnnotation(each, byId, known));
  checkDistinct(annotations, new Set(annotations.map(({ id }) => id)).size, "annotation");
  return { images, categories, annotations };
}

/** The runs of a mask in an image of this size. Throws FormatError; `what` names the mask. */
export function segmentationRuns(segmentation: CocoSegmentation, height: number, width: number, what: string): Runs {
  if (segmentation.kind === "polygons") {
    const parts = segmentation.polygons.map((polygon) => polygonRuns(polygon, height, width));
    return parts.length === 1 ? parts[0]! : unionOfRuns(parts, height * width);
  }
  const { size, counts } = segmentation;
  if (size[0] !== height || size[1] !== width) {
    throw new FormatError(FORMAT, `${what} has a mask of ${size.join(" x ")} in an image of ${height} x ${width}`);
  }
  let runs: Runs;
  try {
    runs = typeof counts === "string" ? decompressRuns(counts) : counts;
  } catch (error) {
    throw new FormatError(FORMAT, `${what}: ${(error as Error).message}`);
  }
  let pixels = 0;
  for (let run = 0; run < runs.length; run++) {
    const length = runs[run]!;
    if (!Number.isSafeInteger(length) || length < 0)
      throw new FormatError(FORMAT, `${what} has a run of ${length} pixels`);
    pixels += length;
  }
  if (pixels !== height * width) {
    throw new FormatError(FORMAT, `${what}: expected runs of ${height * width} pixels in all; found ${pixels}`);
  }
  return runs;
}

function readImage(value: unknown): CocoImage {
  const { id, file_name: name, width, height } = recordOf(value, "an image");
  const what = `image ${show(id)}`;
  checkId(id, "an image");
  if (typeof name !== "string" || name === "") refuse(what, "a file_name", name);
  for (const side of [width, height]) {
    if (!Number.isSafeInteger(side) || (side as number) < 1 || (side as number) > LARGEST_SIDE) {
      refuse(what, `sides from 1 to ${LARGEST_SIDE} pixels`, side);
    }
  }
  return { id: id as number, name: name as string, width: width as number, height: height as number };
}

function readCategory(value: unknown): CocoCategory {
  const { id, name } = recordOf(value, "a category");
  checkId(id, "a category");
  if (typeof name !== "string" || name === "") refuse(`category ${show(id)}`, "a name", name);
  return { id: id as number, name: name as string };
}

function readAnnotation(
  value: unknown,
  images: ReadonlyMap<number, CocoImage>,
  categories: ReadonlySet<number>,
): CocoAnnotation {
  const record = recordOf(value, "an annotation");
  const { id, image_id: imageId, category_id: categoryId, area, iscrowd = 0 } = record;
  checkId(id, "an annotation");
  const what = `annotation ${id}`;
  if (!images.has(imageId as number)) refuse(what, "the image_id of one of the images", imageId);
  if (!categories.has(categoryId as number)) refuse(what, "the category_id of one of the categories", categoryId);
  if (iscrowd !== 0 && iscrowd !== 1) refuse(what, "iscrowd to be 0 or 1", iscrowd);
  const box = readBox(record.bbox, what);
  if (area !== undefined && !(typeof area === "number" && Number.isFinite(area) && area >= 0)) {
    refuse(what, "an area of at least 0", area);
  }
  return {
    id: id as number,
    imageId: imageId as number,
    categoryId: categoryId as number,
    box,
    area: (area as number | undefined) ?? box[2] * box[3],
    isCrowd: iscrowd === 1,
    segmentation: readSegmentation(record.segmentation, what),
  };
}

/** Throws FormatError. */
export function readBox(value: unknown, what: string): CocoBox {
  const isBox = Array.isArray(value) && value.length === 4 && value.every((each) => Number.isFinite(each));
  if (!isBox || value[2] < 0 || value[3] < 0) refuse(what, "a bbox of left, top, width and height", value);
  return value as unknown as CocoBox;
}

/** Undefined where there is none. Throws FormatError. */
export function readSegmentation(value: unknown, what: string): CocoSegmentation | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    for (const polygon of value) {
      const isPolygon =
        Array.isArray(polygon) && polygon.length >= 6 && polygon.length % 2 === 0 && polygon.every(isCoordinate);
      if (!isPolygon) refuse(what, "polygons of at least three pairs of coordinates", polygon);
    }
    return { kind: "polygons", polygons: value as number[][] };
  }
  const { size, counts } = isRecord(value) ? value : {};
  const isSize =
    Array.isArray(size) && size.length === 2 && size.every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isSize) refuse(what, "polygons, or runs with a size of height and width", value);
  const areRuns =
    typeof counts === "string" || (Array.isArray(counts) && counts.every((run) => Number.isSafeInteger(run)));
  if (!areRuns) refuse(what, "runs as numbers or compressed text", counts);
  return { kind: "runs", size: size as unknown as [number, number], counts: counts as number[] | string };
}

/** Beyond this, an outline would have more points than any image. */
const FARTHEST = 2 ** 20;

function isCoordinate(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= FARTHEST;
}

/** Throws FormatError where bytes are no JSON in UTF-8. */
export function parseJson(bytes: Uint8Array, format: string): unknown {
  if (bytes.length > LARGEST_COCO_FILE) {
    throw new FormatError(format, `expected at most ${LARGEST_COCO_FILE} bytes; found ${bytes.length}`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError(format, `it is not valid JSON: ${(error as Error).message}`);
  }
}

function listOf(root: Record<string, unknown>, name: string): unknown[] {
  const list = root[name];
  if (!Array.isArray(list)) throw new FormatError(FORMAT, `expected a list of ${name}; found ${show(list)}`);
  return list;
}

export function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new FormatError(FORMAT, `expected ${what} to be an object; found ${show(value)}`);
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkId(id: unknown, what: string): void {
  if (!Number.isSafeInteger(id) || (id as number) < 0) {
    throw new FormatError(FORMAT, `expected ${what} to have a whole number as id; found ${show(id)}`);
  }
}

function checkDistinct(all: readonly { readonly id: number }[], distinct: number, what: string): void {
  if (distinct === all.length) return;
  const seen = new Set<number>();
  const twice = all.find(({ id }) => seen.size === seen.add(id).size)!;
  throw new FormatError(FORMAT, `expected one ${what} with the id ${twice.id}; found several`);
}

export function refuse(what: string, expected: string, found: unknown): never {
  throw new FormatError(FORMAT, `${what}: expected ${expected}; found ${show(found)}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
