// What a step of detection is given: squares of images, and the anchors and regions that it learns from.

import type { Batch } from "../../data/index.js";
import type { Arrays } from "../../engine/index.js";
import { anchorsOf } from "../../heads/detection/anchors.js";
import { type DetectorInTraining, levelsOf, objectSlots } from "../../heads/detection/detector.js";
import { maskTarget, type ObjectMask } from "../../heads/detection/object-masks.js";
import { proposedRegions } from "../../heads/detection/proposals.js";
import { levelsOfRegions, regionLevels } from "../../heads/detection/pyramid-levels.js";
import { MASK_SIDE } from "../../heads/detection/region-heads.js";
import {
  type SampledAnchors,
  type SampledRegions,
  sampleAnchors,
  sampleRegions,
} from "../../heads/detection/step-targets.js";
import { drawBranchScales } from "../../nn/drop-path.js";
import { imageValues } from "../../nn/presets.js";
import type { Training } from "../../optim/training.js";
import type { Communicator } from "../../processes/communicator.js";
import { randomStream, stepsBefore } from "../../random/index.js";
import { type DetectConfig, detectorShapeOf } from "./config.js";
import { type DetectionSet, objectMask } from "./detection-set.js";

/** The objects of one square. */
interface PlacedObjects {
  readonly boxes: Float32Array;
  readonly frames: Float32Array;
  readonly labels: readonly number[];
  /** Of the object in this place; undefined where none is marked. */
  maskOf(place: number): ObjectMask | undefined;
}

/** What of an image counts. */
interface SampledImage {
  readonly objects: PlacedObjects;
  readonly anchors: SampledAnchors;
  readonly regions: SampledRegions;
}

/** The inputs that say how much a term counts. */
const WEIGHTS = ["anchorWeight", "regionWeight", "maskWeight"] as const;

/**
 * `config` has the batch of this process, of a whole one of `batchSize`. A function of batches that first lets the model, as it is, propose regions. All that is drawn depends on the seed, the step and
 * the place in the batch alone.
 */
export function detectInputs(
  config: DetectConfig,
  set: DetectionSet,
  { proposals }: Pick<DetectorInTraining, "proposals">,
  { batchSize, communicator }: { readonly batchSize: number; readonly communicator: Communicator },
): (batch: Batch, training: Training) => Promise<Arrays> {
  const { seed, sampling, regularization, schedule, model, head } = config;
  const { microBatch } = schedule;
  const { dropPath } = regularization;
  const shape = detectorShapeOf(config);
  const side = shape.imageSize;
  const levels = levelsOf(shape);
  const anchors = anchorsOf(levels, head.anchorScale);
  const anchorCount = anchors.length / 4;
  const pixelBytes = imageValues({ ...shape.encoder, imageSize: side });
  let propose: ReturnType<typeof proposer> | undefined;

  return async ({ step, indices, places, views }, training) => {
    const [{ pixels, boxes }] = views as [(typeof views)[0]];
    const done = stepsBefore(step);
    const images = indices.length;
    const { depth } = model.shape;
    const branchScales = new Float32Array(dropPath > 0 ? images * 2 * depth : 0);
    for (let image = 0; dropPath > 0 && image < images; image++) {
      branchScales.set(
        drawBranchScales(randomStream(seed, "drop path", done, places[image]!), depth, dropPath),
        image * 2 * depth,
      );
    }
    propose ??= proposer(training);
    const sampled: SampledImage[] = [];
    for (let first = 0; first < images; first += microBatch) {
      const found = await (await propose)(
        pixels.subarray(first * pixelBytes, (first + microBatch) * pixelBytes),
        branchScales.subarray(first * 2 * depth, (first + microBatch) * 2 * depth),
      );
      for (let place = 0; place < microBatch; place++) {
        const image = first + place;
        const objects = objectsOf(set, indices[image]!, boxes!, image);
        const proposed = proposedRegions(
          found.objectness.subarray(place * anchorCount, (place + 1) * anchorCount),
          found.deltas.subarray(4 * place * anchorCount, 4 * (place + 1) * anchorCount),
          anchors,
          levels,
          side,
          { perLevel: sampling.perLevel, count: sampling.proposals },
        );
        const stream = (what: string) => randomStream(seed, what, done, places[image]!);
        sampled.push({
          objects,
          anchors: sampleAnchors(anchors, objects.boxes, sampling.anchors, stream("sampled anchors")),
          regions: sampleRegions(proposed, objects.boxes, sampling.regions, stream("sampled regions")),
        });
      }
    }
    return averaged({
      images: pixels,
      ...(dropPath > 0 && { branchScales }),
      ...anchorInputs(sampled),
      ...regionInputs(sampled),
    });
  };

  /** Binds the program to the weights, which it reads as they are. */
  async function proposer({ engine, values }: Training) {
    const executable = await engine.compile(proposals);
    const weights = Object.fromEntries(Object.entries(values).filter(([name]) => proposals.inputs.has(name)));
    const images = new Uint8Array(microBatch * pixelBytes);
    const scales = new Float32Array(microBatch * 2 * model.shape.depth);
    const objectness = new Float32Array(microBatch * anchorCount);
    const deltas = new Float32Array(4 * microBatch * anchorCount);
    const binding = executable.bind(
      { ...weights, images, ...(dropPath > 0 && { branchScales: scales }) },
      { objectness, deltas },
    );
    return async (pixels: Uint8Array, branchScales: Float32Array) => {
      images.set(pixels);
      scales.set(branchScales);
      await binding.run();
      return { objectness, deltas };
    };
  }

  /**
   * Divides the weight of each term, 1 so far, by how many there are in the whole batch, at all processes; micro-batches are
   * averaged afterwards.
   */
  async function averaged(arrays: Arrays): Promise<Arrays> {
    const weights = WEIGHTS.flatMap((name) => (arrays[name] === undefined ? [] : [arrays[name] as Float32Array]));
    const totals = Float64Array.from(weights, (each) => each.reduce((sum, weight) => sum + weight, 0));
    await communicator.sum(totals);
    for (const [place, each] of weights.entries()) {
      const weight = batchSize / microBatch / Math.max(1, totals[place]!);
      for (let term = 0; term < each.length; term++) each[term]! *= weight;
    }
    return arrays;
  }

  function anchorInputs(sampled: readonly SampledImage[]): Arrays {
    const n = sampling.anchors;
    const arrays = {
      anchorIndex: new Int32Array(sampled.length * n),
      anchorLabel: new Float32Array(sampled.length * n),
      anchorWeight: new Float32Array(sampled.length * n),
      anchorDeltas: new Float32Array(4 * sampled.length * n),
    };
    for (const [image, { anchors: each }] of sampled.entries()) {
      arrays.anchorIndex.set(each.index, image * n);
      arrays.anchorLabel.set(each.label, image * n);
      arrays.anchorWeight.fill(1, image * n, image * n + each.index.length);
      arrays.anchorDeltas.set(each.deltas, 4 * image * n);
    }
    return arrays;
  }

  function regionInputs(sampled: readonly SampledImage[]): Arrays {
    const n = sampling.regions;
    const images = sampled.length;
    const arrays = {
      regions: new Float32Array(4 * images * n),
      regionLevel: new Int32Array(images * n),
      regionClass: new Int32Array(images * n).fill(set.classes.length),
      regionWeight: new Float32Array(images * n),
      regionDeltas: new Float32Array(4 * images * n),
    };
    for (const [image, { regions, objects }] of sampled.entries()) {
      arrays.regions.set(regions.boxes, 4 * image * n);
      const levelOf = levelsOfRegions(regions.boxes, levels[0]!, head.anchorScale, regionLevels(levels).length);
      arrays.regionLevel.set(levelOf, image * n);
      arrays.regionWeight.fill(1, image * n, image * n + regions.object.length);
      arrays.regionDeltas.set(regions.deltas, 4 * image * n);
      for (const [place, object] of regions.object.entries()) {
        if (object >= 0) arrays.regionClass[image * n + place] = objects.labels[object]!;
      }
    }
    return head.masks ? { ...arrays, ...maskInputs(sampled) } : arrays;
  }

  function maskInputs(sampled: readonly SampledImage[]): Arrays {
    const slots = objectSlots(sampling.regions);
    const area = MASK_SIDE ** 2;
    const maskTargets = new Uint8Array(sampled.length * slots * area);
    const maskWeight = new Float32Array(sampled.length * slots);
    for (const [image, { regions, objects }] of sampled.entries()) {
      const masks = new Map<number, ObjectMask | undefined>();
      for (const [place, object] of regions.object.entries()) {
        if (object < 0) break;
        if (!masks.has(object)) masks.set(object, objects.maskOf(object));
        const mask = masks.get(object);
        if (mask === undefined) continue;
        const slot = image * slots + place;
        maskTarget(mask, regions.boxes, place, objects.frames, object, side, maskTargets, slot * area);
        maskWeight[slot] = 1;
      }
    }
    return { maskTarget: maskTargets, maskWeight };
  }
}

/** The objects of a square of a batch: those of its image that are seen in it. */
function objectsOf(
  { objects, instances, labelOf }: DetectionSet,
  index: number,
  boxes: NonNullable<Batch["views"][number]["boxes"]>,
  square: number,
): PlacedObjects {
  const [first, last] = [boxes.first[square]!, boxes.first[square + 1]!];
  const seen = Array.from(boxes.numbers.subarray(first, last), (number) => objects[index]![number]!);
  return {
    boxes: boxes.edges.subarray(4 * first, 4 * last),
    frames: boxes.frames.subarray(4 * first, 4 * last),
    labels: seen.map(({ categoryId }) => labelOf(categoryId)),
    maskOf: (place) => objectMask(seen[place]!, instances.images[index]!),
  };
}
