// Images that are in two sets at once: found by name and size, and confirmed by their content.

import { crc32 } from "node:zlib";
import { imageFiles } from "./image-files.js";
import type { ImageSource } from "./image-source.js";
import { recordSource } from "./source-record.js";

/** Some of the images of a source. */
export interface ImageSelectionOf {
  readonly source: ImageSource;
  readonly indices: ArrayLike<number>;
}

/** What two sets have in common. */
export interface SharedImages {
  /** Images of the second set that were compared; they are spread over all of it. */
  readonly compared: number;
  /** Names in the second set of those among them that the first one has too. */
  readonly shared: readonly string[];
}

/** A look at these many files costs a fraction of a second. */
const MOST_COMPARED = 1000;
/** Of images with one name, as many are looked at. */
const MOST_ALIKE = 10;
/** Files that are read for their content; more with the same names and sizes are taken to be the same. */
const MOST_READ = 50;

/**
 * Which images of `second` are also in `first`. Images in memory are compared by content; files by name (that of the
 * folder included) and size, and the first of them also by content. A copy under another name is not found.
 */
export async function findSharedImages(first: ImageSelectionOf, second: ImageSelectionOf): Promise<SharedImages> {
  const wanted = spread(second.indices);
  const [one, other] = [await contentsOf(first), await contentsOf(second)];
  const shared: string[] = [];
  try {
    const candidates = new Map<string, number[]>(wanted.map((index) => [other.keyOf(index), []]));
    for (let place = 0; place < first.indices.length; place++) {
      const index = first.indices[place]!;
      const alike = candidates.get(one.keyOf(index));
      if (alike !== undefined && alike.length < MOST_ALIKE) alike.push(index);
    }
    let read = 0;
    for (const index of wanted) {
      for (const candidate of candidates.get(other.keyOf(index))!) {
        const [sizes, theirs] = [await one.sizeOf(candidate), await other.sizeOf(index)];
        if (sizes === undefined || sizes !== theirs) continue;
        const isRead = read < MOST_READ;
        if (isRead) read++;
        if (isRead && (await one.sumOf(candidate)) !== (await other.sumOf(index))) continue;
        shared.push(second.source.name(index));
        break;
      }
    }
  } finally {
    await one.close();
    await other.close();
  }
  return { compared: wanted.length, shared };
}

/** All of a few, or some of many at equal distances. */
function spread(indices: ArrayLike<number>): number[] {
  const count = Math.min(indices.length, MOST_COMPARED);
  return Array.from({ length: count }, (_, place) => indices[Math.floor((place * indices.length) / count)]!);
}

/** How the images of a set are compared, from cheap to dear; undefined where something cannot be read. */
interface Contents {
  keyOf(index: number): string;
  sizeOf(index: number): Promise<number | undefined>;
  sumOf(index: number): Promise<number | undefined>;
  close(): Promise<void>;
}

function contentsOf({ source }: ImageSelectionOf): Contents {
  const { table } = source;
  if (table.kind === "pixels") {
    const { width, height, channels, pixels } = table;
    const bytes = width * height * channels;
    const sumOf = (index: number) => crc32(pixels.subarray(index * bytes, (index + 1) * bytes));
    return {
      keyOf: (index) => String(sumOf(index)),
      sizeOf: async () => bytes,
      sumOf: async (index) => sumOf(index),
      close: async () => {},
    };
  }
  const { names } = recordSource(source);
  const files = imageFiles(table, names);
  return {
    // The file and the folder that it lies in: "1.jpg" alone may be in every class.
    keyOf: (index) =>
      names[index]!.slice(names[index]!.lastIndexOf(":") + 1)
        .split("/")
        .slice(-2)
        .join("/"),
    sizeOf: async (index) => (await files.look(index))?.size,
    sumOf: async (index) => files.read(index).then(crc32, () => undefined),
    close: () => files.close(),
  };
}
