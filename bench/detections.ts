// COCO's scores of many detections: seconds on one core, and the peak of memory.

import type { CocoAnnotation, CocoInstances } from "#src/formats/coco.js";
import type { CocoResult } from "#src/formats/coco-results.js";
import { compressRuns } from "#src/formats/coco-rle.js";
import { evaluateDetections } from "#src/heads/detection-metrics.js";
import { randomStream } from "#src/random/index.js";

const [IMAGES, CLASSES, DETECTIONS, WIDTH, HEIGHT] = [5000, 80, 100, 640, 480];
const OBJECTS = 7;

/** 500,000 detections over 5,000 images and 80 categories: boxes alone, then masks. */
export function benchDetections(say: (line: string) => void): object[] {
  say("making the detections");
  const stream = randomStream(0, "detections", 0, 0);
  const boxIn = (): [number, number, number, number] => {
    const [width, height] = [10 + stream.integer(300), 10 + stream.integer(300)];
    return [stream.integer(WIDTH - width), stream.integer(HEIGHT - height), width, height];
  };
  const annotations: CocoAnnotation[] = [];
  const results: CocoResult[] = [];
  const segmentationOf = (box: readonly number[]) =>
    ({ kind: "runs", size: [HEIGHT, WIDTH], counts: compressRuns(ellipseRuns(box)) }) as const;
  for (let imageId = 1; imageId <= IMAGES; imageId++) {
    const own: { readonly categoryId: number; readonly box: [number, number, number, number] }[] = [];
    for (let object = 0; object < OBJECTS; object++) {
      const [box, categoryId] = [boxIn(), 1 + stream.integer(CLASSES)];
      own.push({ box, categoryId });
      const isCrowd = stream.uniform() < 0.02;
      const [id, area] = [annotations.length + 1, (Math.PI / 4) * box[2] * box[3]];
      annotations.push({ id, imageId, categoryId, box, area, isCrowd, segmentation: segmentationOf(box) });
    }
    for (let detection = 0; detection < DETECTIONS; detection++) {
      const near = detection < 3 * OBJECTS ? own[detection % OBJECTS] : undefined;
      const moved = near && ([near.box[0], near.box[1], near.box[2] - stream.integer(6), near.box[3]] as const);
      const box = moved ?? boxIn();
      const categoryId = near?.categoryId ?? 1 + stream.integer(CLASSES);
      results.push({ imageId, categoryId, score: stream.uniform(), box, segmentation: segmentationOf(box) });
    }
  }
  const truth: CocoInstances = {
    images: Array.from({ length: IMAGES }, (_, index) => ({ id: index + 1, name: "", width: WIDTH, height: HEIGHT })),
    categories: Array.from({ length: CLASSES }, (_, index) => ({ id: index + 1, name: `category ${index + 1}` })),
    annotations,
  };
  const timed = (name: string, given: readonly CocoResult[]) => {
    say(`scoring ${name}`);
    const began = performance.now();
    const { bbox, segm } = evaluateDetections(truth, given);
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
    const ap = (segm ?? bbox)!.measures[0]!.toFixed(4);
    return {
      name,
      detections: given.length,
      seconds,
      peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
      ap,
    };
  };
  const without = (key: "box" | "segmentation") => results.map((each) => ({ ...each, [key]: undefined }));
  return [timed("boxes", without("segmentation")), timed("masks", without("box"))];
}

/** The runs of an ellipse that fills a box. */
function ellipseRuns([left, top, width, height]: readonly number[]): number[] {
  const runs: number[] = [];
  let end = 0;
  for (let column = 0; column < width!; column++) {
    const x = (2 * (column + 0.5)) / width! - 1;
    const half = (height! / 2) * Math.sqrt(1 - x * x);
    const [first, last] = [Math.ceil(height! / 2 - half), Math.floor(height! / 2 + half)];
    if (last <= first) continue;
    const start = (left! + column) * HEIGHT + top! + first;
    runs.push(start - end, last - first);
    end = start + last - first;
  }
  runs.push(WIDTH * HEIGHT - end);
  return runs;
}
