// What an embedding is of (.json): its origin, what could not be read, and checksums of the two files beside it.

import { z } from "zod";
import { imageSidesSchema } from "../data/image-sides-schema.js";
import { jsonText } from "../files/atomic-write.js";
import { checksumOf } from "../files/checksum.js";
import { readTextIfThere } from "../files/storage.js";
import { poolings } from "../heads/features.js";
import { DamagedFileError, EvaluationError } from "./errors.js";
import type { FeatureChecksums } from "./feature-checksums.js";

const FORMAT = "mixedae-features";
const VERSION = 2;

/** What decides the features of an embedding: files that agree in it are of one and the same embedding. */
const originSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Descriptions of version 1 have no checksums. */
  version: z.literal([1, VERSION]),
  source: z.union([z.string(), z.array(z.string())]),
  split: z.enum(["train", "test"]),
  /** Images in the source, those that cannot be read included. */
  images: z.int().min(0),
  /** The run or checkpoint file, and which of its encoders it was. */
  from: z.string(),
  origin: z.string(),
  /** Of a run whose method has a teacher, where the features are not the teacher's. */
  student: z.literal(true).optional(),
  fingerprint: z.string(),
  pooling: z.enum(poolings),
  imageSize: imageSidesSchema(z.int().positive()),
  /** Left out where it is 3, as by descriptions that know no others. */
  channels: z.int().positive().optional(),
  width: z.int().positive(),
  classes: z.array(z.string()).nullable(),
});

const outcome = {
  /** Images with features: rows of the .npy and lines of the .jsonl. */
  count: z.int().min(0),
  /** Names of those that could not be read. */
  skipped: z.array(z.string()),
};

const checksum = z.string().regex(/^crc32:[0-9a-f]{8}$/);

const descriptionSchema = z.discriminatedUnion("version", [
  originSchema.extend({ version: z.literal(1), ...outcome }),
  originSchema.extend({
    version: z.literal(VERSION),
    ...outcome,
    lines: z.strictObject({ bytes: z.int().min(0), checksum }),
    rows: z.strictObject({ perBlock: z.int().positive(), checksums: z.array(checksum) }),
    /** Of all the other fields but `source` and `from`, which a person may correct when images or run have moved. */
    checksum,
  }),
]);

export type FeatureOrigin = Readonly<z.infer<typeof originSchema>>;
/** What the .json file beside features says of them. */
export type FeatureDescription = Readonly<z.infer<typeof descriptionSchema>>;

export function featureOrigin(origin: Omit<FeatureOrigin, "format" | "version">): FeatureOrigin {
  return { format: FORMAT, version: VERSION, ...origin };
}

/** The names of the files; while an embedding is under way, each has ".partial" behind it. */
export function featurePaths(npy: string) {
  const stem = npy.endsWith(".npy") ? npy.slice(0, -".npy".length) : npy;
  return {
    stem,
    npy: `${stem}.npy`,
    jsonl: `${stem}.jsonl`,
    json: `${stem}.json`,
    images: `${stem}.images.jsonl.gz`,
  } as const;
}

/** The text of a finished embedding's description. */
export function encodeDescription(
  origin: FeatureOrigin,
  { count, skipped }: { readonly count: number; readonly skipped: readonly string[] },
  checksums: FeatureChecksums,
): string {
  const description = { ...origin, count, skipped, ...checksums };
  return jsonText({ ...description, checksum: descriptionChecksum(description) });
}

function descriptionChecksum(description: object): string {
  const rest = Object.entries(description).filter(([key]) => !["source", "from", "checksum"].includes(key));
  return checksumOf(JSON.stringify(rest));
}

/** Throws EvaluationError for a file that is missing, damaged or not ours, StorageError. */
export function readDescription(path: string): FeatureDescription {
  const value = readJson(path);
  if (value === undefined) {
    throw new EvaluationError({
      expected: `what mixedae embed writes beside its features in ${path}`,
      found: "no such file",
      remedy: "Give the .npy of an embedding, with the files beside it; or embed the images again",
    });
  }
  const description = checked(path, value, descriptionSchema);
  if (description.version === VERSION && descriptionChecksum(value as object) !== description.checksum) {
    throw notIntact(`the description in ${path} as it was written`, "another checksum: it was changed or damaged");
  }
  const { images, count, skipped } = description;
  if (count + skipped.length !== images) {
    throw notIntact(
      `each of the ${images} images to be embedded or skipped in ${path}`,
      `${count} embedded and ${skipped.length} skipped`,
    );
  }
  return description;
}

/** Undefined where there is no such file. Throws EvaluationError for one that is not ours, StorageError. */
export function readOrigin(path: string): FeatureOrigin | undefined {
  const value = readJson(path);
  return value === undefined ? undefined : checked(path, value, originSchema.loose());
}

/** The same for an embedding under way; undefined as well for what a power failure leaves, which is nobody's work. */
export function readBegunOrigin(path: string): FeatureOrigin | undefined {
  const text = readTextIfThere(path);
  const value = text === undefined ? undefined : parseJson(text);
  return typeof value === "object" && value !== null ? checked(path, value, originSchema.loose()) : undefined;
}

/** The error for files that are no longer as they were written, or not of one embedding. */
export function notIntact(expected: string, found: string): DamagedFileError {
  const remedy =
    "Keep the .npy, .jsonl and .json of an embedding together; if they are damaged, delete all three " +
    "and embed the images again";
  return new DamagedFileError({ expected, found, remedy });
}

function notOurs(path: string, found: string): DamagedFileError {
  return notIntact(`what mixedae embed writes beside its features in ${path}`, found);
}

/** Undefined where there is no such file. */
function readJson(path: string): unknown {
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (value === undefined) throw notOurs(path, "no JSON");
  return value;
}

/** Undefined for a text that is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked<Value>(path: string, value: unknown, schema: z.ZodType<Value>): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notOurs(path, firstProblem(parsed.error));
}

/** Which field is wrong and how, in words. */
export function firstProblem({ issues: [issue] }: z.ZodError): string {
  const field = issue!.path.join(".");
  return field === "" ? issue!.message : `${field}: ${issue!.message}`;
}
