// The lines of an embedding (.jsonl): what each says about its image, and reading them with every check there is.

import { isUtf8 } from "node:buffer";
import { fstatSync } from "node:fs";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { checksumText } from "../files/checksum.js";
import { storageError, withDescriptor } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";
import { type FeatureDescription, type FeatureOrigin, firstProblem, notIntact } from "./feature-description.js";

/** Bytes; the longest names are those of tar archives, of up to a million bytes before their escaping. */
export const LONGEST_LINE = 1 << 24;

const lineSchema = z.object({
  index: z.int().min(0),
  name: z.string(),
  label: z.int().optional(),
  class: z.string().optional(),
});

/** What the .jsonl says about one image; `index` is its place in the source. */
export type FeatureLine = z.infer<typeof lineSchema>;

export function encodeLines(lines: readonly FeatureLine[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** The line in a text, or what is wrong with it; `last` is the index of the line before, -1 for the first. */
export function parseLine(text: Buffer, last: number, { images, classes }: FeatureOrigin): FeatureLine | string {
  if (!isUtf8(text)) return "bytes that are not UTF-8";
  let value: unknown;
  try {
    value = JSON.parse(text.toString("utf8"));
  } catch {
    return "no JSON";
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) return firstProblem(parsed.error);
  const line = parsed.data;
  if (line.index <= last) return `index ${line.index} after index ${last}`;
  if (line.index >= images) return `index ${line.index}, where the source has ${images} images`;
  const named = line.label === undefined ? undefined : (classes?.[line.label] ?? "no class");
  if (line.class !== named) return `label ${line.label} with the class ${line.class ?? "none"}, not ${named ?? "none"}`;
  return line;
}

/** The lines of rows, in the order asked for; the whole file is checked. Throws EvaluationError, StorageError. */
export async function readLines(
  path: string,
  description: FeatureDescription,
  rows: ArrayLike<number>,
): Promise<FeatureLine[]> {
  const wanted = new Set(Array.from(rows));
  const found = new Map<number, FeatureLine>();
  let [count, bytes, sum, last] = [0, 0, 0, -1];
  try {
    await withDescriptor(path, async (descriptor) => {
      const { size } = fstatSync(descriptor);
      for await (const text of wholeLines(descriptor, LONGEST_LINE)) {
        const line = parseLine(text, last, description);
        if (typeof line === "string") {
          throw notIntact(`line ${count + 1} of ${path} to be about an image of the source, in order`, line);
        }
        if (wanted.has(count)) found.set(count, line);
        last = line.index;
        count++;
        bytes += text.length + 1;
        sum = crc32("\n", crc32(text, sum));
      }
      if (count !== description.count || bytes !== size) {
        const rest = bytes < size ? ` and ${size - bytes} bytes without a line break` : "";
        throw notIntact(`${description.count} lines in ${path}, one for each row`, `${count} lines${rest}`);
      }
    });
  } catch (error) {
    throw storageError(error, "read", path);
  }
  if (description.version === 2 && checksumText(sum) !== description.lines.checksum) {
    throw notIntact(`${path} as it was written`, "another checksum: it was changed or damaged");
  }
  return Array.from(rows, (row) => found.get(row)!);
}
