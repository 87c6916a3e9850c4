// Mixtures of a run's own images as its newest checkpoint sees them: attention, kept patches, reconstructions.

import type { PretrainConfig } from "../../config/config.js";
import { type ImageSource, openSource, readImages, sizeOf } from "../../data/index.js";
import { type Arrays, type Executable, openEngine } from "../../engine/index.js";
import { drawPlan } from "../../methods/plan.js";
import { imageValues, patchCount } from "../../nn/presets.js";
import type { Picture } from "../../pictures/sheet.js";
import { randomStream } from "../../random/index.js";
import { printable } from "../../terminal/printable.js";
import { openReconstructingRun } from "../../training/reconstruct.js";
import { filledIn, imageFrom } from "../../training/reconstruction-sheet.js";
import { readingOf } from "../../training/reconstructor.js";
import { readReconstructingConfig } from "../../training/run-config.js";
import type { Exploration } from "../api.js";
import { ExploreError } from "./explore-error.js";
import { type ExploreProgram, exploreProgram, withoutSegments } from "./explore-program.js";
import { attentionBytes, measureBlock } from "./measures.js";

/** Values of attention of one mixture, over blocks and heads: more would be too much for a page. */
const MOST_ATTENTION = 1 << 24;
/** Some more images are read than are mixed, so that unreadable ones are replaced. */
const CANDIDATES = 3;

export interface ExploreOptions {
  /** Says which images are mixed, and how. */
  readonly seed: number;
  /** Whether the encoder is told which patches belong together, where the run has segment embeddings. */
  readonly segments: boolean;
  /** Images to mix; what is missing to a group is drawn from the run's own. None by default. */
  readonly given?: readonly GivenImage[];
}

/** An image file of somebody who looks at the run. */
export interface GivenImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A run that is held open: its images, its newest weights, and its program once it was asked for. */
export interface Explorer {
  explore(options: ExploreOptions): Promise<Exploration>;
}

interface Compiled extends ExploreProgram {
  readonly executable: Executable;
}

/** Throws ExploreError where there is no mixture to explore, and what reading the run and its images throws. */
export async function openExplorer(folder: string): Promise<Explorer> {
  checkExplorable(readReconstructingConfig(folder), folder);
  const { config, weights, step } = await openReconstructingRun(folder, () => {});
  const source = await openSource(config.source, { split: config.data.split });
  // One thread: a training beside it keeps the others.
  const engine = openEngine({ device: "cpu", threads: 1 });
  const compile = async (shown: PretrainConfig): Promise<Compiled> => {
    const made = exploreProgram(shown);
    return { ...made, executable: await engine.compile(made.program) };
  };
  const hasSegments = (config.methodOptions as { segmentEmbedding?: boolean }).segmentEmbedding === true;
  let [told, untold]: (Promise<Compiled> | undefined)[] = [];

  return {
    async explore({ seed, segments, given = [] }) {
      const isTold = hasSegments && segments;
      if (isTold || !hasSegments) told ??= compile(config);
      else untold ??= compile(withoutSegments(config));
      const compiled = await (isTold || !hasSegments ? told : untold)!;
      const pixels = await groupImages(source, config, seed, given);
      const began = performance.now();
      const seen = await explored(compiled, config, weights, pixels, seed);
      const segmentsTold = hasSegments ? isTold : null;
      return { step, seed, segments: segmentsTold, milliseconds: performance.now() - began, ...seen };
    },
  };
}

function checkExplorable(config: PretrainConfig, folder: string): void {
  const { method, model } = config;
  if (method !== "mixedae" && method !== "mixing") {
    throw new ExploreError(
      `Expected a run that mixes images, of mixedae or mixing; found one of ${method} in ${folder}. ` +
        "Explore another run.",
    );
  }
  const values = model.depth * model.heads * patchCount(model) ** 2;
  if (values > MOST_ATTENTION) {
    throw new ExploreError(
      `Expected at most ${MOST_ATTENTION} values of attention in a mixture; found ${values} ` +
        `(${model.depth} blocks, ${model.heads} heads, ${patchCount(model)} patches). Explore a run of a smaller model.`,
    );
  }
}

/** A group of images as evaluation sees them: those that are given first. */
async function groupImages(
  source: ImageSource,
  config: PretrainConfig,
  seed: number,
  given: readonly GivenImage[],
): Promise<Uint8Array> {
  const size = groupOf(config);
  if (given.length > size) {
    throw new ExploreError(`Expected at most ${size} images, which this run mixes; found ${given.length}. Give fewer.`);
  }
  const own = await readGiven(given, config);
  return Buffer.concat([...own, ...(await drawImages(source, config, seed, size - own.length))]);
}

/** Throws ExploreError where one of them cannot be read. */
async function readGiven(given: readonly GivenImage[], config: PretrainConfig): Promise<Uint8Array[]> {
  const read = await readImages(
    given.map(({ bytes }) => bytes),
    {
      ...readingOf(config),
      onSkip: ({ index, reason }) => {
        throw new ExploreError(
          `Expected images; ${printable(given[index]!.name)} cannot be read: ${reason}. Give another one.`,
        );
      },
    },
  );
  return read.map(({ pixels }) => pixels);
}

/** Images of the run. */
async function drawImages(
  source: ImageSource,
  config: PretrainConfig,
  seed: number,
  wanted: number,
): Promise<Uint8Array[]> {
  const candidates = randomStream(seed, "explored images", 0, 0).permutation(source.count);
  const found: Uint8Array[] = [];
  for (let first = 0; found.length < wanted && first < CANDIDATES * wanted; first += wanted) {
    const indices = candidates.subarray(first, first + wanted);
    if (indices.length === 0) break;
    const read = await readImages({ source, indices }, { ...readingOf(config), onSkip: () => {} });
    found.push(...read.map(({ pixels }) => pixels));
  }
  if (found.length < wanted) {
    throw new ExploreError(
      `Expected ${wanted} readable images to mix; found ${found.length}. Shuffle, or see whether the images of the run ` +
        "are still where they were.",
    );
  }
  return found.slice(0, wanted);
}

function groupOf({ methodOptions }: PretrainConfig): number {
  return Math.round(1 / (methodOptions as { mixingRatio: number }).mixingRatio);
}

async function explored(
  { task, executable, program, keepsTop }: Compiled,
  config: PretrainConfig,
  weights: Arrays,
  pixels: Uint8Array,
  seed: number,
): Promise<Omit<Exploration, "step" | "seed" | "segments" | "milliseconds">> {
  const { model, method } = config;
  const L = patchCount(model);
  const plan = drawPlan(task, 1, { seed, stream: "explored mixture", step: 1, epoch: 0, firstGroup: 0 });
  // Behind M, where only some groups are told: this one is.
  if (task.planColumns > L) plan[L] = 1;
  const needed = Object.entries(weights).filter(([name]) => program.inputs.has(name));
  const results = await executable.run({ images: pixels, [task.planName]: plan, ...Object.fromEntries(needed) });
  const sources = task.shownPatches(plan, 0);
  const prediction = results.prediction as Float32Array;
  const values = { task, shape: model, pixels, prediction, normalization: config.data };
  const images = Array.from({ length: pixels.length / imageValues(model) }, (_, image) => image);
  return {
    method,
    imageSize: sizeOf(model.imageSize),
    patchSize: model.patchSize,
    heads: model.heads,
    sources: [...sources],
    images: images.map((image) => base64(imageFrom(values, () => image))),
    mixture: base64(imageFrom(values, (patch) => sources[patch])),
    reconstructions: images.map((image) => {
      const shown = task.shownPatches(plan, image);
      return base64(filledIn(values, image, (patch) => shown[patch] === image));
    }),
    normPixels: task.normPixels,
    blocks: keepsTop.map((hasTop, block) => {
      const attention = results[`attention.${block}`] as Float32Array;
      const kept = hasTop ? (results[`kept.${block}`] as Float32Array) : null;
      const seen = { attention, kept };
      const bytes = Buffer.from(attentionBytes(seen, L)).toString("base64");
      return { keepsTop: hasTop, ...measureBlock(seen, sources, images.length), attention: bytes };
    }),
    methodPrecision: results.topkPrecision ? [...(results.topkPrecision as Float32Array)] : [],
  };
}

/** Red, green and blue, row by row. */
function base64({ data }: Picture): string {
  return Buffer.from(data).toString("base64");
}
