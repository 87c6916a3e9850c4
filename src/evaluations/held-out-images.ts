// Images that an encoder has not seen, drawn from a seed, in whole batches.

import { openSource } from "../data/index.js";
import { imageValues } from "../nn/presets.js";
import { randomStream } from "../random/index.js";
import { EvaluationError } from "./errors.js";
import type { ImageProgress } from "./image-progress.js";
import { type ImageViews, openModelImages } from "./model-images.js";

export interface HeldOutRequest {
  readonly test: string | readonly string[];
  /** At most; the last that fill no batch are left out. */
  readonly images: number;
  /** Which images those are, and what is drawn for them; 0 by default. */
  readonly seed?: number;
}

export interface HeldOutImages {
  /** How many were drawn, those included that turn out to be unreadable. */
  readonly count: number;
  /**
   * `batch` images [batch, height, width, channels] at once. Throws EvaluationError where not even one batch can be
   * read.
   */
  batches(views: ImageViews, batch: number, progress: ImageProgress): AsyncGenerator<Uint8Array>;
}

/** Throws SourceError. */
export async function openHeldOut({ test, images, seed = 0 }: HeldOutRequest): Promise<HeldOutImages> {
  const source = await openSource(test, { split: "test" });
  const indices = randomStream(seed, "held-out images", 0, 0).permutation(source.count).subarray(0, images);

  return {
    count: indices.length,
    async *batches(views, batch, progress) {
      const reader = await openModelImages(source, views, { batch }, progress.signal);
      const bytes = batch * imageValues(views.shape);
      let waiting = Buffer.alloc(0);
      let done = 0;
      try {
        progress.begin("held-out images", indices.length);
        for await (const { pixels, skipped } of reader.pass({ indices })) {
          for (const each of skipped) progress.skip(each);
          waiting = Buffer.concat([waiting, pixels]);
          if (waiting.length < bytes) continue;
          yield new Uint8Array(waiting.subarray(0, bytes));
          waiting = waiting.subarray(bytes);
          done += batch;
          progress.update(done);
        }
      } finally {
        progress.end();
        await reader.close();
      }
      if (done > 0) return;
      throw new EvaluationError({
        expected: `at least ${batch} held-out images`,
        found: `fewer that could be read in ${source.description}`,
        remedy: "Give a larger set",
      });
    },
  };
}
