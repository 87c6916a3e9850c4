// One scene: some cut-outs over a background, with the exact mask of what is visible of each.

import sharp from "sharp";
import { type RandomStream, randomStream } from "../random/index.js";
import { drawBackground } from "./background.js";
import { type Cutout, MOST_PIXELS, type SceneSplit, SOLID } from "./cutouts.js";

/** What a scene is drawn from. */
export interface SceneOptions {
  readonly seed: number;
  readonly imageSize: number;
  /** How many objects a scene has, at least and at most. */
  readonly objects: readonly [number, number];
}

export interface SceneObject {
  /** The class's index. */
  readonly label: number;
  /** Of what is visible: [left, top, width, height] in pixels, and the number of pixels. */
  readonly box: readonly [number, number, number, number];
  readonly area: number;
}

export interface Scene {
  /** [size, size, 3]. */
  readonly pixels: Uint8Array;
  /** [size, size]: 0 for the background, i + 1 for object i. */
  readonly instances: Uint8Array;
  readonly objects: readonly SceneObject[];
}

/** An object's longer side, as a share of the image's. */
const SCALE = [0.28, 0.62] as const;
const LARGEST_TURN = 25;
/** Of an object, this share of its pixels stays visible: what lies under others is drawn anew. */
const LEAST_VISIBLE = 0.35;
const ATTEMPTS = 12;

/** The scene with this number: a function of the seed, the split, the number and the cut-outs. */
export async function composeScene(
  cutouts: readonly Cutout[],
  split: SceneSplit,
  index: number,
  { seed, imageSize, objects: [fewest, most] }: SceneOptions,
): Promise<Scene> {
  const stream = randomStream(seed, `scene ${split}`, 0, index);
  const pixels = drawBackground(stream, imageSize);
  const instances = new Uint8Array(imageSize ** 2);
  const wanted = fewest + stream.integer(most - fewest + 1);
  const labels: number[] = [];
  const whole: number[] = [];
  for (let object = 0; object < wanted; object++) {
    const placed = await placeOne(stream, cutouts, instances, whole, imageSize);
    if (placed === undefined) continue;
    labels.push(placed.label);
    whole.push(placed.area);
    blend(pixels, instances, placed, imageSize, labels.length);
  }
  if (labels.length === 0) throw new Error(`scene ${index}: no cut-out covers a pixel at ${imageSize} pixels a side`);
  return { pixels, instances, objects: measured(instances, labels, imageSize) };
}

interface Placed {
  readonly label: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]. */
  readonly rgba: Uint8Array;
  /** Pixels that it covers, before others come over it. */
  readonly area: number;
}

/** Undefined where no place was found at which nothing else disappears; the first object always finds one. */
async function placeOne(
  stream: RandomStream,
  cutouts: readonly Cutout[],
  instances: Uint8Array,
  whole: readonly number[],
  size: number,
): Promise<Placed | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { path, label } = cutouts[stream.integer(cutouts.length)]!;
    const side = Math.max(4, Math.round(size * stream.uniformIn(...SCALE)));
    const turn = stream.uniformIn(-LARGEST_TURN, LARGEST_TURN);
    const flip = stream.uniform() < 0.5;
    const [x, y] = [stream.uniform(), stream.uniform()];
    const { rgba, width, height } = await renderCutout(path, side, turn, flip, size);
    const left = Math.round(x * (size - width));
    const top = Math.round(y * (size - height));
    const placed = { label, left, top, width, height, rgba, area: solidPixels(rgba) };
    if (placed.area > 0 && leavesOthersVisible(placed, instances, whole, size)) return placed;
  }
  return undefined;
}

/** Turned, with its empty border cut off, and resized so that its longer side is `side` pixels. */
async function renderCutout(path: string, side: number, turn: number, flip: boolean, size: number) {
  const turned = await sharp(path, { limitInputPixels: MOST_PIXELS })
    .toColourspace("srgb")
    .ensureAlpha()
    .flop(flip)
    .rotate(turn, { background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = turned.info;
  const longest = Math.min(side, size);
  const { data, info } = await sharp(turned.data, { raw: { width, height, channels: 4 } })
    .extract(visiblePart(turned.data, width, height))
    .resize(longest, longest, { fit: "inside" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { rgba: new Uint8Array(data), width: info.width, height: info.height };
}

/** The smallest rectangle with all pixels that are not wholly transparent. */
function visiblePart(rgba: Uint8Array, width: number, height: number) {
  let [left, top, right, bottom] = [width - 1, height - 1, 0, 0];
  for (let at = 0; at < width * height; at++) {
    if (rgba[4 * at + 3] === 0) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
  }
  return { left, top, width: Math.max(1, right - left + 1), height: Math.max(1, bottom - top + 1) };
}

function solidPixels(rgba: Uint8Array): number {
  let count = 0;
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at]! >= SOLID) count++;
  return count;
}

function leavesOthersVisible(placed: Placed, instances: Uint8Array, whole: readonly number[], size: number): boolean {
  const visible = new Array<number>(whole.length + 1).fill(0);
  for (const id of instances) visible[id]!++;
  forEachSolid(placed, size, (at) => {
    visible[instances[at]!]!--;
  });
  return whole.every((area, object) => visible[object + 1]! >= LEAST_VISIBLE * area);
}

function forEachSolid({ left, top, width, height, rgba }: Placed, size: number, visit: (at: number) => void): void {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (rgba[4 * (row * width + column) + 3]! >= SOLID) visit((top + row) * size + left + column);
    }
  }
}

function blend(pixels: Uint8Array, instances: Uint8Array, placed: Placed, size: number, id: number): void {
  const { left, top, width, height, rgba } = placed;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = 4 * (row * width + column);
      const to = 3 * ((top + row) * size + left + column);
      const alpha = rgba[from + 3]! / 255;
      for (let channel = 0; channel < 3; channel++) {
        pixels[to + channel] = Math.round(alpha * rgba[from + channel]! + (1 - alpha) * pixels[to + channel]!);
      }
    }
  }
  forEachSolid(placed, size, (at) => {
    instances[at] = id;
  });
}

function measured(instances: Uint8Array, labels: readonly number[], size: number): SceneObject[] {
  return labels.map((label, object) => {
    let [left, top, right, bottom, area] = [size, size, -1, -1, 0];
    for (let at = 0; at < instances.length; at++) {
      if (instances[at] !== object + 1) continue;
      const [row, column] = [Math.floor(at / size), at % size];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      area++;
    }
    return { label, box: [left, top, right - left + 1, bottom - top + 1] as const, area };
  });
}

/** The class of the object that shows most; of equals, the one that lies below. */
export function mainLabel({ objects }: Pick<Scene, "objects">): number {
  return objects.reduce((best, object) => (object.area > best.area ? object : best)).label;
}
