// Images of an embedding that are nearly the same: groups that are linked by a similarity above a threshold.

import { basename } from "node:path";
import { openEngine } from "../engine/index.js";
import { writeAtomically } from "../files/atomic-write.js";
import { nearDuplicates } from "../heads/near-duplicates.js";
import { renderSheet, type SheetPicture } from "../pictures/sheet.js";
import type { EventOptions } from "../training/events.js";
import { prepareOutputs } from "../training/outputs.js";
import type { FeatureDescription } from "./feature-description.js";
import { openFeatures } from "./feature-files.js";
import type { FeatureLine } from "./feature-lines.js";
import { ImageProgress } from "./image-progress.js";
import { readSheetImages } from "./sheet-images.js";

/** Which images are compared, and how alike duplicates are. */
export interface DuplicatesRequest {
  /** The .npy file of `mixedae embed`. */
  readonly features: string;
  /** The least cosine similarity of two images that are linked; 0.999 by default. */
  readonly threshold?: number;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number;
  /** A PNG file to draw: a row for each of the first groups. */
  readonly sheet?: string | undefined;
  /** Whether the sheet may replace a file that is there already; by default that is refused. */
  readonly overwrite?: boolean | undefined;
}

/** Images that are linked with each other, directly or through others. */
export interface DuplicateGroup {
  readonly images: readonly FeatureLine[];
  /** Of the closest two. */
  readonly similarity: number;
}

/** What a sheet shows: more would be too large a picture. */
const MOST_GROUPS = 50;
const MOST_OF_GROUP = 8;

/**
 * The groups, that with the closest two images first; within a group, the order of the embedding. No sheet is drawn where
 * there are none. Throws OutputError where the sheet has the name of a file or would become an image of the set,
 * EvaluationError and the errors of the parts.
 */
export async function findDuplicates(
  request: DuplicatesRequest,
  options: EventOptions = {},
): Promise<DuplicateGroup[]> {
  const progress = ImageProgress.of(options);
  const { features, threshold = 0.999, threads, sheet, overwrite } = request;
  const files = openFeatures(features);
  try {
    const { vectors, description } = files;
    if (sheet !== undefined) await prepareOutputs([sheet], { overwrite, sources: [description.source] });
    progress.begin("compared", vectors.count);
    const onProgress = (done: number) => progress.update(done);
    const found = await nearDuplicates(vectors, { threshold, engine: openEngine({ threads }), onProgress });
    progress.end();
    const lines = await files.lines(found.flatMap(({ rows }) => rows));
    let next = 0;
    const result = found.map(({ rows, similarity }) => ({ images: rows.map(() => lines[next++]!), similarity }));
    if (sheet !== undefined && result.length > 0) await writeAtomically(sheet, [await sheetOf(description, result)]);
    return result;
  } finally {
    progress.end();
    files.close();
  }
}

/** A row for each group, its similarity below the first image. */
async function sheetOf(description: FeatureDescription, groups: readonly DuplicateGroup[]): Promise<Uint8Array> {
  const drawn = groups.slice(0, MOST_GROUPS);
  const shown = drawn.flatMap(({ images }) => images.slice(0, MOST_OF_GROUP));
  const pictures = await readSheetImages(description, shown, { channels: description.channels ?? 3 });
  const rows = drawn.map(({ images, similarity }) =>
    images.slice(0, MOST_OF_GROUP).map(({ index, name }, place): SheetPicture | null => {
      const picture = pictures.get(index);
      const others = images.length - MOST_OF_GROUP;
      const labels = [
        name,
        ...(place === 0 ? [`similarity ${similarity.toFixed(5)}`] : []),
        ...(place === MOST_OF_GROUP - 1 && others > 0 ? [`and ${others} more`] : []),
      ];
      return picture === undefined ? null : { ...picture, labels };
    }),
  );
  const some = drawn.length < groups.length ? `the closest ${drawn.length} of ` : "";
  const count = `${groups.length} ${groups.length === 1 ? "group" : "groups"}`;
  return renderSheet({ titles: [], rows, caption: `${some}${count}, ${basename(description.origin)}` });
}
