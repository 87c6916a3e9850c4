// How well an encoder's patches tell what they show: kNN among patches of masked images, with no head to train.

import type { Engine } from "../../engine/index.js";
import { createImageProgram, type ImageProgram } from "../../heads/image-program.js";
import { neighbourVotes } from "../../heads/knn.js";
import { findNeighbours, vectorsInMemory } from "../../heads/neighbours.js";
import {
  IGNORED,
  patchClasses,
  pixelClasses,
  SegmentationCounts,
  type SegmentationResult,
} from "../../heads/segmentation-metrics.js";
import { patchCount } from "../../nn/presets.js";
import { visionTransformer } from "../../nn/vision-transformer.js";
import type { EventOptions } from "../../training/events.js";
import type { PretrainedModel } from "../../training/pretrained.js";
import { engineFor } from "../device.js";
import { checkPatchMemory } from "../feature-memory.js";
import { ImageProgress } from "../image-progress.js";
import { type EncoderRequest, fingerprint, openModel } from "../model.js";
import { openSceneSet, type SceneSet } from "../scene-set.js";

/** Which encoder is evaluated on which scenes. */
export interface SegmentationRequest extends EncoderRequest {
  /** A folder with images and class masks, as mixedae data compose writes it. */
  readonly scenes: string;
  /** Training images whose patches vote, and validation images whose patches are voted on, at most. */
  readonly images: number;
  readonly queries: number;
  /** How many patches vote on one. */
  readonly neighbours: number;
  /** Which images those are; 0 by default. */
  readonly seed?: number;
}

/** How well the nearest patches of other scenes tell the class of each pixel. */
export interface SegmentationReport {
  readonly task: "segmentation";
  readonly from: string;
  readonly fingerprint: string;
  readonly scenes: string;
  readonly neighbours: number;
  readonly train: { readonly images: number; readonly patches: number };
  readonly test: { readonly images: number; readonly patches: number };
  readonly seed: number;
  readonly classes: readonly string[];
  readonly detail: SegmentationResult;
}

/**
 * A patch's class is the commonest of its pixels; a predicted class fills its patch, so that the mean IoU of pixels is
 * bounded by the size of the patches (our choice of protocol). Votes are weighted as in kNN of images.
 */
export async function evaluateSegmentation(
  request: SegmentationRequest,
  options: EventOptions = {},
): Promise<SegmentationReport> {
  const { scenes, images, queries, neighbours, seed = 0 } = request;
  const progress = ImageProgress.of(options);
  const model = await progress.waiting.during("Reading the encoder", () => openModel(request));
  const set = await openSceneSet(scenes, model);
  const { width } = model.shape;
  const chosen = {
    known: Math.min(images, await set.count("training")),
    asked: Math.min(queries, await set.count("validation")),
  };
  checkPatchMemory(request, chosen, model, progress);
  const engine = await engineFor(request, model.device, progress);
  const program = await progress.waiting.duringBusy("Compiling the encoder", () => patchProgram(model, engine));
  const known = await patchesOf(set, "training", images, seed, program, model, progress);
  const asked = await patchesOf(set, "validation", queries, seed, program, model, progress);

  const labelled = known.labels.flatMap((label, place) => (label === IGNORED ? [] : [place]));
  const bank = new Float32Array(labelled.length * width);
  for (const [row, place] of labelled.entries()) {
    bank.set(known.features.subarray(place * width, (place + 1) * width), row * width);
  }
  progress.begin("patches compared", labelled.length);
  const found = await findNeighbours(vectorsInMemory(bank, width), asked.features, {
    k: neighbours,
    engine,
    onProgress: (done) => progress.update(done),
  });
  progress.end();
  const votes = neighbourVotes(
    found,
    labelled.map((place) => known.labels[place]!),
    set.classes.length,
    neighbours,
  );
  const predicted = bestOf(votes, set.classes.length);
  const counts = new SegmentationCounts(set.classes);
  const perImage = patchCount(model.shape);
  for (const [image, mask] of asked.masks.entries()) {
    const patches = predicted.subarray(image * perImage, (image + 1) * perImage);
    counts.add(pixelClasses(patches, model.shape), mask);
  }
  return {
    task: "segmentation",
    from: model.origin,
    fingerprint: fingerprint(model),
    scenes,
    neighbours,
    train: { images: known.masks.length, patches: labelled.length },
    test: { images: asked.masks.length, patches: asked.labels.length },
    seed,
    classes: set.classes,
    detail: counts.result(),
  };
}

function patchProgram({ shape, normalization, tensors }: PretrainedModel, engine: Engine) {
  return createImageProgram(
    {
      name: "patch-features",
      shape,
      normalization,
      weights: tensors,
      outputs: (scope, images) => {
        const { patches } = visionTransformer(scope, shape)(images);
        const [count, batch, width] = patches.shape as [number, number, number];
        return { patches: patches.transpose([1, 0, 2]).reshape([batch, count * width]) };
      },
    },
    engine,
  );
}

interface Patches {
  /** [images * patches, width]. */
  readonly features: Float32Array;
  readonly labels: readonly number[];
  readonly masks: readonly Uint8Array[];
}

async function patchesOf(
  set: SceneSet,
  split: "training" | "validation",
  images: number,
  seed: number,
  { batch, run }: ImageProgram<"patches">,
  { shape }: PretrainedModel,
  progress: ImageProgress,
): Promise<Patches> {
  const features: Float32Array[] = [];
  const masks: Uint8Array[] = [];
  progress.begin(`${split} images`, images);
  for await (const part of set.read(split, images, seed, batch)) {
    features.push((await run(part.pixels)).patches);
    masks.push(...part.masks);
    progress.update(masks.length);
  }
  progress.end();
  const all = new Float32Array(features.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of features) {
    all.set(part, place);
    place += part.length;
  }
  const labels = masks.flatMap((mask) => [...patchClasses(mask, shape)]);
  return { features: all, labels, masks };
}

/** The class with most votes in each row. */
function bestOf(votes: Float64Array, classes: number): Uint8Array {
  return Uint8Array.from({ length: votes.length / classes }, (_, row) => {
    const own = votes.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
}
