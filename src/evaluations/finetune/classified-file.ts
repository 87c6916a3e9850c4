// What was classified as a file: a table for spreadsheets, or JSON, with the probabilities of all classes.

import { extname } from "node:path";
import type { SkippedImage } from "../../data/index.js";
import { writeAtomically } from "../../files/atomic-write.js";
import { prepareOutputs } from "../../training/outputs.js";
import type { Classification, ClassifiedBatch } from "./classify.js";
import { likeliest } from "./classify.js";

export interface WriteOptions {
  /** Whether a file that is there already may be replaced; by default that is refused. */
  readonly overwrite?: boolean | undefined;
  /** Called after each batch. */
  readonly onBatch?: ((batch: ClassifiedBatch) => void) | undefined;
}

/**
 * Classifies the images into a file, which is written as they are done, and is whole or not there at all. Throws
 * OutputError where the name is taken, StorageError.
 */
export async function writeClassified(
  out: string,
  classification: Classification,
  { overwrite, onBatch = () => {} }: WriteOptions = {},
): Promise<void> {
  await prepareOutputs([out], { overwrite, inputs: classification.paths });
  const parts = extname(out).toLowerCase() === ".json" ? jsonParts : csvParts;
  await writeAtomically(out, encoded(parts(classification, onBatch)));
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield Buffer.from(text);
}

type OnBatch = (batch: ClassifiedBatch) => void;

/** A row an image: its path, its class and how likely that is, then the probability of each class. */
async function* csvParts({ classes, batches }: Classification, onBatch: OnBatch): AsyncGenerator<string> {
  yield csvRow(["image", "class", "probability", ...classes]);
  for await (const batch of batches()) {
    const rows = batch.images.map(({ image, probabilities }) => {
      const [best] = likeliest(probabilities, classes, 1);
      return csvRow([image, best!.name, ...[best!.probability, ...probabilities].map(sixDigits)]);
    });
    yield rows.join("");
    onBatch(batch);
  }
}

/** As RFC 4180 has it. */
function csvRow(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell)).join(",")}\n`;
}

/** `classes` once, and for each image its probabilities in their order. */
async function* jsonParts({ origin, classes, batches }: Classification, onBatch: OnBatch): AsyncGenerator<string> {
  yield `{\n  "classifier": ${JSON.stringify(origin)},\n  "classes": ${JSON.stringify(classes)},\n  "images": [`;
  const skipped: Pick<SkippedImage, "name" | "reason">[] = [];
  let separator = "\n    ";
  for await (const batch of batches()) {
    for (const { image, probabilities } of batch.images) {
      const [best] = likeliest(probabilities, classes, 1);
      const numbers = { probability: sixDigits(best!.probability), probabilities: probabilities.map(sixDigits) };
      yield `${separator}${JSON.stringify({ image, class: best!.name, ...numbers })}`;
      separator = ",\n    ";
    }
    skipped.push(...batch.skipped.map(({ name, reason }) => ({ name, reason })));
    onBatch(batch);
  }
  yield `\n  ],\n  "skipped": ${JSON.stringify(skipped)}\n}\n`;
}

/** More would be rounding noise. */
function sixDigits(probability: number): number {
  return Number(probability.toPrecision(6));
}
