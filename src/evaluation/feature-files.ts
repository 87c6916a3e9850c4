// The three files of embedded images: features (.npy), names and labels line by line (.jsonl), where they are from (.json).

import { closeSync, existsSync, readSync } from "node:fs";
import { z } from "zod";
import { LARGEST_LIST, openRegular, readLines, readText } from "../files/regular-file.js";
import { decodeNpyHeader, NPY_HEADER_BYTES } from "../formats/npy.js";
import { poolings } from "../tasks/features.js";
import type { VectorSource } from "../tasks/neighbours.js";
import { storageError } from "../training/storage.js";
import { EvaluationError } from "./errors.js";

const FORMAT = "mixedae-features";

/** What decides the features of an embedding: files that agree in it are of one and the same embedding. */
const originSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  source: z.union([z.string(), z.array(z.string())]),
  split: z.enum(["train", "test"]),
  /** Images in the source, those that cannot be read included. */
  images: z.int().min(0),
  /** The run or checkpoint file, and which of its encoders it was. */
  from: z.string(),
  origin: z.string(),
  /** Of a run of iBOT, where the features are not the teacher's. */
  student: z.literal(true).optional(),
  fingerprint: z.string(),
  pooling: z.enum(poolings),
  imageSize: z.int().positive(),
  width: z.int().positive(),
  classes: z.array(z.string()).nullable(),
});

const descriptionSchema = originSchema.extend({
  /** Images with features: rows of the .npy and lines of the .jsonl. */
  count: z.int().min(0),
  /** Names of those that could not be read. */
  skipped: z.array(z.string()),
});

export type FeatureOrigin = Readonly<z.infer<typeof originSchema>>;
export type FeatureDescription = Readonly<z.infer<typeof descriptionSchema>>;

export function featureOrigin(origin: Omit<FeatureOrigin, "format" | "version">): FeatureOrigin {
  return { format: FORMAT, version: 1, ...origin };
}

const lineSchema = z.object({
  index: z.int().min(0),
  name: z.string(),
  label: z.int().optional(),
  class: z.string().optional(),
});

/** What the .jsonl says about one image; `index` is its place in the source. */
export type FeatureLine = z.infer<typeof lineSchema>;

/** The names of the files; while an embedding is under way, each has ".partial" behind it. */
export function featurePaths(npy: string) {
  const stem = npy.endsWith(".npy") ? npy.slice(0, -".npy".length) : npy;
  return { npy: `${stem}.npy`, jsonl: `${stem}.jsonl`, json: `${stem}.json` } as const;
}

/** Undefined where there is no such file. Throws EvaluationError for one that is not ours. */
export function readOrigin(path: string): FeatureOrigin | undefined {
  return existsSync(path) ? parseFile(path, originSchema.loose()) : undefined;
}

function parseFile<Value>(path: string, schema: z.ZodType<Value>): Value {
  const refuse = (found: string) =>
    new EvaluationError({
      expected: `what mixedae embed writes beside its features in ${path}`,
      found,
      remedy: "Embed the images again",
    });
  let text: string;
  try {
    text = readText(path, LARGEST_LIST);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw refuse("no such file");
    throw storageError(error, "read", path);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse("no JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue!.path.join(".")}: ${issue!.message}`);
}

/** Features on disk, as they are needed: neither rows nor names are held in memory. */
export interface FeatureFiles {
  readonly description: FeatureDescription;
  readonly vectors: VectorSource;
  /** Names and labels of rows, in the order asked for. */
  lines(rows: ArrayLike<number>): Promise<FeatureLine[]>;
  close(): void;
}

/** Throws EvaluationError, FormatError, StorageError. */
export function openFeatures(npy: string): FeatureFiles {
  const paths = featurePaths(npy);
  const description = parseFile(paths.json, descriptionSchema);
  const attempt = <T>(operation: () => T): T => {
    try {
      return operation();
    } catch (error) {
      throw storageError(error, "read", paths.npy);
    }
  };
  const { descriptor: file, size } = attempt(() => openRegular(paths.npy));
  try {
    const start = Buffer.alloc(Math.min(NPY_HEADER_BYTES, size));
    attempt(() => readSync(file, start, 0, start.length, 0));
    const { shape, dataStart } = decodeNpyHeader(start, size);
    const [count = 0, width = 0] = shape;
    if (shape.length !== 2 || count !== description.count || width !== description.width) {
      throw new EvaluationError({
        expected: `${description.count} x ${description.width} features in ${paths.npy}, as ${paths.json} says`,
        found: shape.join(" x "),
        remedy: "Keep the files of one embedding together, or embed the images again",
      });
    }
    const read = (first: number, rows: number, into: Float32Array) => {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, rows * width * 4);
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, 1 << 30);
        const got = attempt(() => readSync(file, bytes, done, length, dataStart + first * width * 4 + done));
        if (got === 0)
          throw new EvaluationError({ expected: "all of its rows", found: "an end", remedy: "Embed again" });
        done += got;
      }
    };
    return {
      description,
      vectors: { count, width, read },
      lines: (rows) => linesOf(paths.jsonl, rows),
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

async function linesOf(path: string, rows: ArrayLike<number>): Promise<FeatureLine[]> {
  const wanted = new Set(Array.from(rows));
  const found = new Map<number, FeatureLine>();
  let row = 0;
  try {
    for (const { line } of readLines(path)) {
      if (wanted.has(row)) found.set(row, lineSchema.parse(JSON.parse(line)));
      row++;
      if (found.size === wanted.size) break;
    }
  } catch (error) {
    throw storageError(error, "read", path);
  }
  return Array.from(rows, (each) => {
    const line = found.get(each);
    if (line !== undefined) return line;
    throw new EvaluationError({
      expected: `a line for row ${each} in ${path}`,
      found: `${row} lines`,
      remedy: "Keep the files of one embedding together, or embed the images again",
    });
  });
}
