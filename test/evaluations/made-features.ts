// An embedding of images that do not exist: rows and lines that follow from the index, without an encoder.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FeatureOrigin, featureOrigin } from "#src/evaluations/feature-description.js";
import type { FeatureLine } from "#src/evaluations/feature-lines.js";
import type { FeatureWriter as Writer } from "#src/evaluations/feature-writer.js";
import { FeatureWriter } from "#src/evaluations/feature-writer.js";

export const WIDTH = 3;
const classes = ["cat", "dög"];

export function madeOrigin(images: number, changes: Partial<FeatureOrigin> = {}): FeatureOrigin {
  return {
    ...featureOrigin({
      source: "/photos",
      split: "train",
      images,
      from: "/runs/first",
      origin: "step 100",
      fingerprint: "crc32:00000000",
      pooling: "mean",
      imageSize: 8,
      width: WIDTH,
      classes,
    }),
    ...changes,
  };
}

/** Every eleventh image, the first included, could not be read. */
export const isMissing = (index: number) => index % 11 === 0;

export function madeLine(index: number): FeatureLine {
  const label = index % classes.length;
  return { index, name: `${classes[label]}/${index}.png`, label, class: classes[label]! };
}

export const madeRow = (index: number) => Array.from({ length: WIDTH }, (_, place) => Math.sin(index * WIDTH + place));

/** The images with features among `first` up to `end`. */
export function madeImages(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, place) => first + place).filter((index) => !isMissing(index));
}

export function skippedNames(images: number): string[] {
  return Array.from({ length: images }, (_, index) => index)
    .filter(isMissing)
    .map((index) => madeLine(index).name);
}

/** Appends batches of up to `batch` images, through image `end`. */
export function appendMade(writer: Writer, end: number, batch: number): void {
  for (let first = writer.next; first < end; first += batch) {
    const next = Math.min(first + batch, end);
    const indices = madeImages(first, next);
    writer.append(Float32Array.from(indices.flatMap(madeRow)), indices.map(madeLine), next);
  }
}

/** Opens the unfinished files of an embedding or new ones, appends what is left and finishes. */
export async function writeMade(out: string, origin: FeatureOrigin, batch = 7): Promise<void> {
  const writer = await FeatureWriter.open(out, origin);
  if (writer === "finished") return;
  try {
    appendMade(writer, origin.images, batch);
    await writer.finish(skippedNames(origin.images));
  } finally {
    writer.close();
  }
}

export const endings = ["npy", "jsonl", "json"] as const;

/** The three finished files. */
export function contentsOf(stem: string): Buffer[] {
  return endings.map((ending) => readFileSync(`${stem}.${ending}`));
}

/** A new folder in `folder` with files of these names. */
export function filesIn(folder: string, files: Readonly<Record<string, Uint8Array>>): string {
  mkdirSync(folder, { recursive: true });
  const place = mkdtempSync(join(folder, "case-"));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(place, name), bytes);
  return place;
}
