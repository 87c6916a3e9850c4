// Sets of images with a marked rectangle each, in COCO's layout: masks as polygons, as runs, as compressed runs by turns.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compressRuns, encodeRuns } from "#src/formats/coco-rle.js";
import { rectangles, writeImage } from "../segment/masked-sets.js";

/** Ids with gaps, not in the order of the file. */
export const categories = [
  { id: 7, name: "blue thing" },
  { id: 3, name: "red thing" },
];

/** What is marked in image `index`: a red thing (label 1 of masks) or a blue one. */
export function annotationOf(index: number, imageId: number, id: number) {
  const { width, height, labels } = rectangles(index, 16);
  const label = 1 + (index % 2);
  const mask = labels.map((each) => (each === label ? 1 : 0));
  const places = [...mask.keys()].filter((place) => mask[place] === 1);
  const [columns, rows] = [places.map((place) => place % width), places.map((place) => Math.floor(place / width))];
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  const [right, bottom] = [Math.max(...columns) + 1, Math.max(...rows) + 1];
  const runs = encodeRuns(mask, height, width);
  const segmentation = [
    [[left, top, right, top, right, bottom, left, bottom]],
    { size: [height, width], counts: runs },
    { size: [height, width], counts: compressRuns(runs) },
  ][index % 3]!;
  return {
    ...{ id, image_id: imageId, category_id: label === 1 ? 3 : 7, iscrowd: 0, area: places.length, segmentation },
    bbox: [left, top, right - left, bottom - top],
  };
}

/** A part of a set: the last image shows nothing that is marked, and the first has a crowd beside its object. */
async function writePart(folder: string, part: string, count: number, first: number, masks: boolean): Promise<void> {
  const images: object[] = [];
  const annotations: object[] = [];
  for (let place = 0; place < count; place++) {
    const image = rectangles(first + place, 16);
    const name = `${String(place).padStart(6, "0")}.png`;
    await writeImage(join(folder, part, name), image);
    const id = 100 + 3 * place;
    images.push({ id, file_name: name, width: image.width, height: image.height });
    if (place === count - 1) continue;
    const { segmentation, ...annotation } = annotationOf(first + place, id, 1000 + place);
    annotations.push({ ...annotation, ...(masks && { segmentation }) });
  }
  const { width, height } = rectangles(first, 16);
  annotations.push({
    ...{ id: 9000, image_id: 100, category_id: 3, iscrowd: 1, area: 4, bbox: [0, 0, 2, 2] },
    segmentation: { size: [height, width], counts: [0, 2, height - 2, 2, height * width - height - 2] },
  });
  mkdirSync(join(folder, "annotations"), { recursive: true });
  writeFileSync(
    join(folder, "annotations", `instances_${part}.json`),
    JSON.stringify({ images: [...images].reverse(), categories, annotations }),
  );
}

export async function writeCocoSet(
  folder: string,
  training: number,
  validation: number,
  { masks = true }: { readonly masks?: boolean } = {},
): Promise<string> {
  await writePart(folder, "train2017", training, 0, masks);
  await writePart(folder, "val2017", validation, training, masks);
  return folder;
}
