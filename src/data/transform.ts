// What happens to an image on its way into a batch, as plain data: random views for training, one fixed view else.

import { z } from "zod";
import { unsuitedChanges } from "./channels.js";
import { DataOptionError } from "./errors.js";
import {
  describeSize,
  type ImageSides,
  type ImageSize,
  longerSide,
  pixelCount,
  shorterSide,
  sizeOf,
} from "./image-size.js";

/** A rectangle in pixels of an image; edges may lie between pixels. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const fraction = z.number().min(0).max(1);
const range = (schema: z.ZodNumber) =>
  z
    .tuple([schema, schema])
    .refine(([low, high]) => low <= high, "the first number of a range must not be above the second");

const colorJitterSchema = z.strictObject({
  /** Factors are drawn from [max(0, 1 - x), 1 + x]. */
  brightness: z.number().min(0).max(10).default(0),
  contrast: z.number().min(0).max(10).default(0),
  saturation: z.number().min(0).max(10).default(0),
  /** The hue is turned by a share of the colour circle from [-hue, hue]. */
  hue: z.number().min(0).max(0.5).default(0),
  /** How often an image is jittered at all. */
  probability: fraction.default(1),
});

const randAugmentSchema = z.strictObject({
  /** How many operations are drawn for an image; each is applied half of the time. */
  operations: z.number().int().min(1).max(15).default(2),
  /** The mean strength of an operation, where 10 is the strongest. */
  magnitude: z.number().min(0).max(10).default(9),
  /** The standard deviation of the strength. */
  magnitudeDeviation: z.number().min(0).max(10).default(0.5),
});

const blurSchema = z.strictObject({
  probability: fraction.default(1),
  /** The standard deviation of the Gaussian, in pixels of the view. */
  sigma: range(z.number().positive().max(100)).default([0.1, 2]),
});

const solarizeSchema = z.strictObject({
  probability: fraction.default(1),
  /** Values from this one on are inverted. */
  threshold: z.number().int().min(0).max(256).default(128),
});

const randomErasingSchema = z.strictObject({
  /** How often a rectangle is erased. */
  probability: fraction.default(0.25),
  /** Share of the view's area that the rectangle covers. */
  area: range(z.number().positive().max(1)).default([0.02, 1 / 3]),
  /** Height divided by width of the rectangle. */
  aspect: range(z.number().positive()).default([0.3, 1 / 0.3]),
});

const randomSchema = z.strictObject({
  kind: z.literal("random").default("random"),
  /** Share of the image's area that a crop covers. */
  scale: range(z.number().positive().max(1)).default([0.2, 1]),
  /** Width divided by height of a crop, before it is made square; of a view that is no square, times its own. */
  ratio: range(z.number().positive()).default([3 / 4, 4 / 3]),
  flipProbability: fraction.default(0.5),
  colorJitter: colorJitterSchema.optional(),
  /** RandAugment with the operations of timm's `rand-m9-mstd0.5-inc1`, whose numbers are the defaults. */
  randAugment: randAugmentSchema.optional(),
  /** How often an image loses its colours. */
  grayscale: fraction.optional(),
  blur: blurSchema.optional(),
  solarize: solarizeSchema.optional(),
  randomErasing: randomErasingSchema.optional(),
});

const centreSchema = z.strictObject({
  kind: z.literal("centre"),
  /**
   * Length in pixels of the shorter side before the centre is cut out, in a rectangle of the view's proportions; without
   * it, the image size divided by 0.875.
   */
  resize: z.number().int().positive().max(16_384).optional(),
});

const scaledSchema = z.strictObject({
  kind: z.literal("scaled"),
  /** Of the view's side, how long the side of the image becomes that `fit` names. */
  scale: range(z.number().positive().max(10)).default([0.5, 2]),
  /** outside: from 1 on the image fills the view; inside: up to 1 the view shows the whole image. */
  fit: z.enum(["outside", "inside"]).default("outside"),
  flipProbability: fraction.default(0.5),
  colorJitter: colorJitterSchema.optional(),
  /** Of images with masks: a crop of whose labelled pixels one class has a larger share is drawn again, up to ten times. */
  maxClassShare: fraction.default(1),
  /** What each channel has where the image does not reach; 0 where it is left out. */
  fill: z.array(z.number().int().min(0).max(255)).default([]),
});

/** Options of the random view as a caller writes them; the defaults are MAE's (He et al. 2022, appendix A.1). */
export type AugmentationOptions = z.input<typeof randomSchema>;
/** Options of a random view; of one that keeps the image's proportions with "scaled"; of the fixed one with "centre". */
export type TransformOptions = AugmentationOptions | z.input<typeof scaledSchema> | z.input<typeof centreSchema>;
/** RandomResizedCrop, horizontal flip, and what else was asked for. */
export type RandomTransform = z.output<typeof randomSchema>;
/** Resized as a whole, then a view is cut out, which is filled up where the image is smaller; flip and colours. */
export type ScaledTransform = z.output<typeof scaledSchema>;
/** Resized as a whole, then the centre is cut out. */
export type CentreTransform = z.output<typeof centreSchema>;
export type Transform = RandomTransform | ScaledTransform | CentreTransform;
export type ColorJitter = z.output<typeof colorJitterSchema>;
export type Blur = z.output<typeof blurSchema>;
export type Solarize = z.output<typeof solarizeSchema>;
export type RandAugment = z.output<typeof randAugmentSchema>;
export type RandomErasing = z.output<typeof randomErasingSchema>;

/** Checks the options of a transform and fills in the defaults. Throws `DataOptionError`. */
export function parseTransform(options: TransformOptions, sides: ImageSides, channels = 3): Transform {
  const what = "the options of the view";
  const transform: Transform = parsed(options, what);
  if (transform.kind === "centre" && (transform.resize ?? Infinity) < shorterSide(sides)) {
    throw new DataOptionError({
      expected: `"resize" to be at least the shorter side of ${describeSize(sides)}`,
      found: String(transform.resize),
      remedy: "Raise it, or leave it out for the usual value",
    });
  }
  const unsuited = unsuitedChanges(changesOf(transform), channels);
  if (unsuited.length > 0) {
    throw new DataOptionError({
      expected: `changes that suit images of ${channels} channel${channels === 1 ? "" : "s"}`,
      found: unsuited.join("; "),
      remedy: "Leave them out",
    });
  }
  return transform;
}

function parsed(options: TransformOptions, what: string): Transform {
  if (options.kind === "centre") return parseOptions(centreSchema, options, what);
  if (options.kind === "scaled") return parseOptions(scaledSchema, options, what);
  return parseOptions(randomSchema, options, what);
}

/** What the image is resized to fill before the centre is cut out: 256 for 224, as is usual. */
export function centreResize({ resize }: CentreTransform, sides: ImageSides): ImageSize {
  const { width, height } = sizeOf(sides);
  const resized = (side: number) =>
    Math.round(resize === undefined ? side / 0.875 : (resize * side) / Math.min(width, height));
  return { width: resized(width), height: resized(height) };
}

/**
 * The shorter side in pixels at which images are decoded: larger ones are shrunk to it, which lets JPEG and WebP skip
 * most of the work. The smallest crop that can be drawn still has the pixels of the view each way, so shrinking costs
 * no detail; a fixed view keeps twice the pixels that it needs, so that only its own bicubic filter is seen. One rule for
 * images that are kept in memory and images that are streamed makes both give the same pixels.
 */
export function workingSide(transform: Transform, sides: ImageSides): number {
  // The shorter side of an image may become the longer one of a view.
  const longer = longerSide(sides);
  if (transform.kind === "centre") {
    const { width, height } = centreResize(transform, sides);
    return 2 * Math.max(width, height, longer);
  }
  // Where the longer side is scaled, the shorter one is shorter still.
  if (transform.kind === "scaled") return Math.ceil(longer * transform.scale[1]);
  const narrowest = Math.min(transform.ratio[0], 1 / transform.ratio[1], 1);
  return Math.max(longer, Math.ceil(Math.sqrt(pixelCount(sides)) / Math.sqrt(transform.scale[0] * narrowest)));
}

function changesOf(transform: Transform) {
  if (transform.kind === "centre") return {};
  if (transform.kind === "scaled") return { colorJitter: transform.colorJitter };
  const { colorJitter, grayscale, solarize, randAugment, randomErasing } = transform;
  const inverts = solarize && solarize.probability > 0;
  return { colorJitter, grayscale, solarize: inverts ? solarize : undefined, randAugment, randomErasing };
}

/** The options with defaults filled in; `what` names them in the error. */
export function parseOptions<Output>(schema: z.ZodType<Output>, options: unknown, what: string): Output {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  throw new DataOptionError({
    expected: `${what} within limits`,
    found: result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
    remedy: "See the types of these options for their limits",
  });
}
