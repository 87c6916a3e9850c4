// Detection in images of any size: fitted into a square, regions proposed and classified, and masks laid into the image.

import { type ImageSize, renderRegion, type WholeImage } from "../../data/index.js";
import type { Bindable, Binding, Engine } from "../../engine/index.js";
import type { Program } from "../../graph/index.js";
import { anchorsOf } from "../../heads/detection/anchors.js";
import { boxArea, decodeBox, REGION_WEIGHTS } from "../../heads/detection/boxes.js";
import { type DetectorShape, frozenDetector, levelsOf } from "../../heads/detection/detector.js";
import { type ObjectMask, placedMask } from "../../heads/detection/object-masks.js";
import { proposedRegions } from "../../heads/detection/proposals.js";
import { levelsOfRegions, regionLevels } from "../../heads/detection/pyramid-levels.js";
import { MASK_SIDE } from "../../heads/detection/region-heads.js";
import { byScore, suppress } from "../../heads/detection/suppression.js";
import { type Weights, weightsOf } from "../../heads/weights.js";
import type { Normalization } from "../../nn/pixels.js";
import { channelsOf } from "../../nn/presets.js";
import type { ImageModel } from "../predict-all.js";
import type { DetectConfig } from "./config.js";

/** A trained detector. */
export interface FrozenDetectorModel {
  readonly shape: DetectorShape;
  readonly normalization: Normalization;
  /** By the names of the parameters; arrays are read anew for each image. */
  readonly weights: Weights;
  readonly testing: DetectConfig["testing"];
  /** What each channel has where an image does not reach. */
  readonly fill: readonly number[];
}

/** An object in an image. */
export interface DetectedObject {
  readonly label: number;
  /** From 0 to 1. */
  readonly score: number;
  /** In pixels of the image. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  /** Where the model has masks. */
  readonly mask?: ObjectMask | undefined;
}

/** Finds objects in images. */
export interface ImageDetector extends ImageModel<DetectedObject[]> {
  /** The objects of each image, the best first, in the order of the images. */
  predict(images: readonly WholeImage[]): AsyncGenerator<DetectedObject[]>;
}

/** Boxes of one class that overlap more are the same object. */
const SAME_OBJECT = 0.5;
/** Places of a map that are computed at once. */
const PLACES_AT_ONCE = 2 ** 14;
/** Masks of an image that are computed at once: mostly there are few objects. */
const MASKS_AT_ONCE = 16;

/** An object in a square, before it has a mask. */
interface Candidate {
  readonly label: number;
  readonly score: number;
  /** Edges in pixels of the square. */
  readonly edges: Float32Array;
}

/**
 * Compiles a model. The longer side of an image becomes the side of the square, whose rest is filled up; what is found in it is
 * said in pixels of the image.
 */
export async function createImageDetector(model: FrozenDetectorModel, engine: Engine): Promise<ImageDetector> {
  const { shape, testing, fill } = model;
  const side = shape.imageSize;
  const channels = channelsOf(shape.encoder);
  const levels = levelsOf(shape);
  const read = regionLevels(levels);
  const anchors = anchorsOf(levels, shape.anchorScale);
  const anchorCount = anchors.length / 4;
  const batch = Math.min(8, Math.max(1, Math.floor(PLACES_AT_ONCE / levels[0]!.side ** 2)));
  const slots = Math.min(MASKS_AT_ONCE, testing.detections);
  const regions = testing.proposals;
  const programs = frozenDetector(shape, model.normalization, { images: batch, regions, masks: slots });
  const values = weightsOf(programs.parameters, model.weights);
  const bind = async (program: Program, inputs: Bindable, outputs: Bindable): Promise<Binding> => {
    const needed = Object.entries({ ...values, ...inputs }).filter(([name]) => program.inputs.has(name));
    return (await engine.compile(program)).bind(Object.fromEntries(needed), outputs);
  };

  const squareBytes = side * side * channels;
  const images = new Uint8Array(batch * squareBytes);
  const objectness = new Float32Array(batch * anchorCount);
  const anchorDeltas = new Float32Array(4 * batch * anchorCount);
  const maps = Object.fromEntries(
    read.map((level, index) => [`level${index}`, new Float32Array(batch * shape.channels * level.side ** 2)]),
  );
  const propose = await bind(programs.propose, { images }, { objectness, deltas: anchorDeltas, ...maps });

  const edges = new Float32Array(4 * batch * regions);
  const levelOf = new Int32Array(batch * regions);
  const scores = new Float32Array(batch * regions * (shape.classes + 1));
  const deltas = new Float32Array(4 * batch * regions * shape.classes);
  const classify = await bind(programs.classify, { ...maps, regions: edges, regionLevel: levelOf }, { scores, deltas });

  const maskEdges = new Float32Array(4 * batch * slots);
  const maskLevel = new Int32Array(batch * slots);
  const maskClass = new Int32Array(batch * slots);
  const masks = new Float32Array(batch * slots * MASK_SIDE ** 2);
  const mask =
    programs.mask &&
    (await bind(
      programs.mask,
      { ...maps, regions: maskEdges, regionLevel: maskLevel, regionClass: maskClass },
      { masks },
    ));

  const levelsOfEdges = (boxes: Float32Array) => levelsOfRegions(boxes, levels[0]!, shape.anchorScale, read.length);

  /** What is found in the first `count` squares. */
  async function candidatesOf(count: number): Promise<Candidate[][]> {
    await propose.run();
    const proposed = Array.from({ length: count }, (_, place) =>
      proposedRegions(
        objectness.subarray(place * anchorCount, (place + 1) * anchorCount),
        anchorDeltas.subarray(4 * place * anchorCount, 4 * (place + 1) * anchorCount),
        anchors,
        levels,
        side,
        { perLevel: testing.perLevel, count: regions },
      ),
    );
    edges.fill(0);
    levelOf.fill(0);
    for (const [place, boxes] of proposed.entries()) {
      edges.set(boxes, 4 * place * regions);
      levelOf.set(levelsOfEdges(boxes), place * regions);
    }
    await classify.run();
    return proposed.map((boxes, place) => {
      const first = place * regions;
      return bestOf(
        boxes,
        scores.subarray(first * (shape.classes + 1), (first + regions) * (shape.classes + 1)),
        deltas.subarray(4 * first * shape.classes, 4 * (first + regions) * shape.classes),
        { classes: shape.classes, side, testing },
      );
    });
  }

  /** Shares of the masks of the candidates of each square, object by object. */
  async function masksOf(candidates: readonly Candidate[][]): Promise<Float32Array[][]> {
    const found: Float32Array[][] = candidates.map(() => []);
    const most = Math.max(0, ...candidates.map(({ length }) => length));
    const area = MASK_SIDE ** 2;
    for (let first = 0; mask !== undefined && first < most; first += slots) {
      maskEdges.fill(0);
      maskLevel.fill(0);
      maskClass.fill(0);
      const shown = candidates.map((each) => each.slice(first, first + slots));
      for (const [place, each] of shown.entries()) {
        for (const [slot, { edges: box, label }] of each.entries()) {
          maskEdges.set(box, 4 * (place * slots + slot));
          maskLevel[place * slots + slot] = levelsOfEdges(box)[0]!;
          maskClass[place * slots + slot] = label;
        }
      }
      await mask.run();
      for (const [place, each] of shown.entries()) {
        for (const slot of each.keys()) {
          const at = (place * slots + slot) * area;
          found[place]!.push(masks.slice(at, at + area));
        }
      }
    }
    return found;
  }

  return {
    batch,
    async *predict(given) {
      for (let first = 0; first < given.length; first += batch) {
        const group = given.slice(first, first + batch);
        for (const [place, image] of group.entries()) {
          images.set(inSquare(image, side, channels, fill), place * squareBytes);
        }
        const candidates = await candidatesOf(group.length);
        const shares = await masksOf(candidates);
        for (const [place, image] of group.entries()) {
          yield candidates[place]!.map((each, object) => inImage(each, shares[place]![object], image, side));
        }
      }
    },
  };
}

/** The size that an image has in a square. */
function fittedSize({ width, height }: ImageSize, side: number): ImageSize {
  const factor = side / Math.max(width, height);
  return {
    width: Math.min(side, Math.max(1, Math.round(width * factor))),
    height: Math.min(side, Math.max(1, Math.round(height * factor))),
  };
}

function inSquare(image: WholeImage, side: number, channels: number, fill: readonly number[]): Uint8Array {
  const size = fittedSize(image, side);
  const region = { left: 0, top: 0, width: image.width, height: image.height };
  const pixels = renderRegion(image, region, size, channels);
  const square = new Uint8Array(side * side * channels).map((_, at) => fill[at % channels]!);
  const row = size.width * channels;
  for (let y = 0; y < size.height; y++) square.set(pixels.subarray(y * row, (y + 1) * row), y * side * channels);
  return square;
}

function inImage(
  { label, score, edges }: Candidate,
  shares: Float32Array | undefined,
  image: ImageSize,
  side: number,
): DetectedObject {
  const size = fittedSize(image, side);
  const [across, down] = [image.width / size.width, image.height / size.height];
  const box = [
    Math.min(image.width, edges[0]! * across),
    Math.min(image.height, edges[1]! * down),
    Math.min(image.width, edges[2]! * across),
    Math.min(image.height, edges[3]! * down),
  ] as const;
  return { label, score, box, mask: shares && placedMask(shares, 0, box, image) };
}

/** The objects among regions: each class on its own without repetition, then the best of all. */
function bestOf(
  boxes: Float32Array,
  scores: Float32Array,
  deltas: Float32Array,
  { classes, side, testing }: { classes: number; side: number; testing: DetectConfig["testing"] },
): Candidate[] {
  const count = boxes.length / 4;
  const found: Candidate[] = [];
  for (let label = 0; label < classes; label++) {
    const decoded = new Float32Array(4 * count);
    const ofClass = new Float32Array(count);
    const rows: number[] = [];
    for (let row = 0; row < count; row++) {
      ofClass[row] = scores[row * (classes + 1) + label]!;
      if (ofClass[row]! <= testing.leastScore) continue;
      decodeBox(boxes, row, deltas, 4 * (row * classes + label), REGION_WEIGHTS, side, decoded, row);
      if (boxArea(decoded, row) > 0) rows.push(row);
    }
    for (const row of suppress(decoded, ofClass, rows, SAME_OBJECT, testing.detections)) {
      found.push({ label, score: ofClass[row]!, edges: decoded.slice(4 * row, 4 * row + 4) });
    }
  }
  const order = byScore(
    found.map(({ score }) => score),
    found.keys(),
  );
  return order.slice(0, testing.detections).map((place) => found[place]!);
}
