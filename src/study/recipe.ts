// The recipe of a study: which encoders are compared, and by what.

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type ConfigLayer, layerFromFile, readYaml } from "../config/config.js";
import { ConfigError } from "../config/errors.js";
import { imageSidesSchema } from "../data/image-sides-schema.js";
import { modelLimits } from "../nn/model-limits.js";
import { modelPresetNames } from "../nn/presets.js";
import { fileName } from "./names.js";
import { recipeEvaluationSchema } from "./recipe-evaluations.js";

/** Far more than anyone would wait for. */
const MOST_SEEDS = 1000;
const MOST_NAMED = 1000;
const MOST_JOBS = 100_000;

const values = z.record(z.string(), z.unknown());
const side = z.int().min(1).max(modelLimits.imageSize);
const name = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[^/\\\n]+$/, "a name of one line without slashes")
  .regex(/[a-z0-9]/i, "a name with a letter from a to z or a digit, for its files");

const variant = z
  .strictObject({
    name,
    /** Keys of a pre-training, nested as in a configuration file, over those of the files. */
    pretrain: values.optional(),
    /** Configuration files, relative to the recipe. */
    configs: z.array(z.string()).max(100).optional(),
    /** An encoder that has learnt nothing, of this size; with images and patches of other sizes than it has. */
    scratch: z
      .union([
        z.enum(modelPresetNames),
        z.strictObject({
          preset: z.enum(modelPresetNames),
          imageSize: imageSidesSchema(side).optional(),
          patchSize: side.optional(),
        }),
      ])
      .optional(),
    /** The variant whose multiply-adds this one may take: its steps follow from that. */
    equalCompute: name.optional(),
    /** How many of the seeds pre-train an encoder of their own; the others take the first one's. All by default. */
    pretrainSeeds: z.int().min(1).max(MOST_SEEDS).optional(),
  })
  .refine(({ pretrain, configs, scratch }) => (pretrain ?? configs) !== undefined || scratch !== undefined, {
    message: "expected either pretrain or configs, or scratch",
  })
  .refine(({ pretrain, configs, scratch }) => (pretrain ?? configs) === undefined || scratch === undefined, {
    message: "scratch and pretrain exclude each other",
  });

const evaluation = recipeEvaluationSchema(name);

const variants = z.array(variant).min(1).max(MOST_NAMED);
/** `primary` names the evaluation that decides on a claim; said before the study runs, or it means nothing. */
const claim = z.strictObject({ better: name, than: name, primary: name.optional() });
const UNIQUE = "each needs a name of its own, which differs from others in letters or digits";

const recipeShape = z.strictObject({
  title: z.string().min(1).max(200),
  /** What the study asks, in Markdown; printed under the title. */
  about: z.string().default(""),
  seeds: z.array(z.int().min(0)).min(1).max(MOST_SEEDS),
  /** Keys of every pre-training, below those of the variants. */
  pretrain: values.default({}),
  variants,
  evaluations: z.array(evaluation).min(1).max(MOST_NAMED),
  /** The variant that the others are compared with, seed by seed; the first by default. */
  baseline: name.optional(),
  /** Which variants are said to be better than which: the report says what came out. */
  claims: z.array(claim).max(MOST_NAMED).default([]),
});

const recipe = recipeShape
  .refine(
    (given) => countJobs(given) <= MOST_JOBS,
    `seeds, variants and evaluations make more than ${MOST_JOBS} jobs: take fewer of them`,
  )
  .refine(({ seeds }) => new Set(seeds).size === seeds.length, "seeds: each may come once")
  .refine(({ variants }) => isUnique(variants), `variants: ${UNIQUE}`)
  .refine(({ evaluations }) => isUnique(evaluations), `evaluations: ${UNIQUE}`)
  .refine(
    ({ baseline, variants }) => baseline === undefined || variants.some((each) => each.name === baseline),
    "baseline: expected the name of a variant",
  )
  .refine(({ variants }) => {
    const others = variants.filter((each) => each.scratch === undefined && each.equalCompute === undefined);
    return variants.every(
      ({ scratch, equalCompute }) =>
        equalCompute === undefined || (scratch === undefined && others.some((each) => each.name === equalCompute)),
    );
  }, "variants: equalCompute: expected the name of a variant that is pre-trained for steps of its own")
  .refine(({ claims, variants }) => {
    const names = new Set(variants.map((each) => each.name));
    return claims.every(({ better, than }) => names.has(better) && names.has(than) && better !== than);
  }, "claims: expected the names of two variants in each")
  .refine(({ claims, evaluations }) => {
    const names = new Set(evaluations.map((each) => each.name));
    return claims.every(({ primary }) => primary === undefined || names.has(primary));
  }, "claims: primary: expected the name of an evaluation");

/** A recipe as its YAML file holds it, with every default filled in. */
export type StudyRecipe = z.infer<typeof recipe>;
export type Variant = StudyRecipe["variants"][number];
export type Claim = StudyRecipe["claims"][number];

/** A recipe, and the layers of each variant's pre-training by the variant's name; none for one from scratch. */
export interface Study {
  readonly recipe: StudyRecipe;
  readonly layers: ReadonlyMap<string, readonly ConfigLayer[]>;
  /** What relative paths of sources are relative to. */
  readonly folder: string;
}

/**
 * Reads a YAML file. `overrides` come over the keys of every pre-training, such as a larger model. Throws ConfigError,
 * with one sentence for each problem.
 */
export function readStudy(path: string, overrides: readonly ConfigLayer[] = []): Study {
  const folder = dirname(resolve(path));
  const recipe = parseRecipe(withSharedLists(readYaml(path), folder), path);
  const shared = { origin: `${path}, pretrain`, values: recipe.pretrain };
  const layers = recipe.variants.map(({ name, configs = [], pretrain, scratch }): [string, ConfigLayer[]] => {
    if (scratch !== undefined) return [name, []];
    const files = configs.map((file) => layerFromFile(resolve(folder, file)));
    return [name, [shared, ...files, { origin: `${path}, ${name}`, values: pretrain ?? {} }, ...overrides]];
  });
  return { recipe, layers: new Map(layers), folder };
}

/** Variants and claims that several recipes share are in files of their own, which a recipe names in place of a list. */
function withSharedLists(given: unknown, folder: string): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const list = (key: string, value: unknown) =>
    ["variants", "claims"].includes(key) && typeof value === "string" ? readYaml(resolve(folder, value)) : value;
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, list(key, value)]));
}

/** Validates a recipe from a file. Throws ConfigError. */
export function parseRecipe(given: unknown, origin: string): StudyRecipe {
  const parsed = recipe.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map(({ path: place, message }) => `${origin}, ${place.join(".") || "as a whole"}: ${message}`),
  );
}

type Listed = Pick<z.infer<typeof recipeShape>, "seeds" | "variants" | "evaluations">;

/** Pre-trainings and evaluations, at most. */
function countJobs({ seeds, variants, evaluations }: Listed): number {
  const fractions = evaluations.map(({ labelFractions }) => labelFractions?.length ?? 1);
  return seeds.length * variants.length * fractions.reduce((sum, count) => sum + count, 1);
}

function isUnique(named: readonly { readonly name: string }[]): boolean {
  return new Set(named.map(({ name }) => fileName(name))).size === named.length;
}
