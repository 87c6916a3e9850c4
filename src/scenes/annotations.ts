// What is written about scenes: class masks as ADE20K has them, and instances as COCO has them.

import { compressRuns, encodeRuns } from "../formats/coco-rle.js";
import type { Scene } from "./compose-scene.js";

/** [size, size]: 0 for the background, label + 1 for what is visible of an object of that class. */
export function classMask({ instances, objects }: Scene): Uint8Array {
  return instances.map((id) => (id === 0 ? 0 : objects[id - 1]!.label + 1));
}

/** One object as COCO's instance files list it; masks are compressed run lengths of what is visible. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly area: number;
  readonly iscrowd: 0;
  readonly segmentation: { readonly size: readonly [number, number]; readonly counts: string };
}

/** The annotations of scene `imageId`; ids count on from `firstId`. */
export function cocoAnnotations(scene: Scene, size: number, imageId: number, firstId: number): CocoAnnotation[] {
  return scene.objects.map(({ label, box, area }, index) => {
    const mask = scene.instances.map((id) => (id === index + 1 ? 1 : 0));
    return {
      id: firstId + index,
      image_id: imageId,
      category_id: label + 1,
      bbox: box,
      area,
      iscrowd: 0,
      segmentation: { size: [size, size], counts: compressRuns(encodeRuns(mask, size, size)) },
    };
  });
}

/** A whole instance file. Images are named by their paths below the folder of the split's images. */
export function cocoFile(
  size: number,
  classes: readonly string[],
  images: readonly { readonly id: number; readonly name: string }[],
  annotations: readonly CocoAnnotation[],
): string {
  return JSON.stringify({
    info: { description: "scenes composed of cut-outs by mixedae data compose" },
    images: images.map(({ id, name }) => ({ id, file_name: name, width: size, height: size })),
    categories: classes.map((name, label) => ({ id: label + 1, name, supercategory: "object" })),
    annotations,
  });
}
