// What a frozen model says about every image of a labelled set, all in memory.

import { shareOfRange } from "../processes/share.js";
import { gatherSetRows } from "./gather-set-rows.js";
import type { ImageProgress } from "./image-progress.js";
import type { LabelledSet } from "./labelled-sets.js";
import { type ImageViews, openModelImages } from "./model-images.js";

export interface SetRows<Output extends string> {
  /** [images, n] for each output, without the images that could not be read. */
  readonly rows: Readonly<Record<Output, Float32Array>>;
  readonly labels: Int32Array;
  /** Names of images that could not be read. */
  readonly skipped: readonly string[];
}

/** Computes rows of up to `batch` images at once. */
export interface RowProgram<Output extends string> {
  readonly batch: number;
  run(pixels: Uint8Array): Promise<Readonly<Record<Output, Float32Array>>>;
}

/**
 * Sees every image once, as evaluation does. Unreadable ones are named by `progress` and left out. Several processes
 * divide the images, in whole batches, and all get the rows of all.
 */
export async function rowsOfSet<Output extends string>(
  set: LabelledSet,
  label: string,
  views: ImageViews,
  program: RowProgram<Output>,
  progress: ImageProgress,
): Promise<SetRows<Output>> {
  const { communicator } = progress;
  const [first, end] = shareOfRange(set.indices.length, communicator, program.batch);
  const own = { ...set, indices: set.indices.slice(first, end) };
  return gatherSetRows(communicator, await rowsOfShare(own, label, views, program, progress));
}

async function rowsOfShare<Output extends string>(
  { indices, source, labelOf }: LabelledSet,
  label: string,
  views: ImageViews,
  program: RowProgram<Output>,
  progress: ImageProgress,
): Promise<SetRows<Output>> {
  // Of a small set, not every process has a share.
  if (indices.length === 0 && progress.communicator.size > 1)
    return { rows: {} as SetRows<Output>["rows"], labels: new Int32Array(0), skipped: [] };
  const reader = await openModelImages(source, views, program, progress.signal);
  const gathered = new Map<Output, { readonly width: number; readonly values: Float32Array }>();
  const labels = new Int32Array(indices.length);
  const skipped: string[] = [];
  let count = 0;
  try {
    progress.begin(label, indices.length);
    for await (const batch of reader.pass({ indices })) {
      for (const each of batch.skipped) {
        progress.skip(each);
        skipped.push(each.name);
      }
      const images = batch.indices.length;
      const found = await program.run(batch.pixels);
      for (const [output, rows] of Object.entries(found) as [Output, Float32Array][]) {
        if (images === 0) continue;
        const width = rows.length / images;
        const all = gathered.get(output) ?? { width, values: new Float32Array(indices.length * width) };
        gathered.set(output, all);
        all.values.set(rows, count * width);
      }
      labels.set(batch.indices.map(labelOf), count);
      count += images;
      progress.update(count + skipped.length);
    }
  } finally {
    progress.end();
    await reader.close();
  }
  const rows = [...gathered].map(([output, { width, values }]) => [output, values.subarray(0, count * width)]);
  return { rows: Object.fromEntries(rows), labels: labels.subarray(0, count), skipped };
}
