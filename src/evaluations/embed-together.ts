// Features of images in their order, batch by batch, which several processes divide among them.

import type { OrderedReader, SkippedImage } from "../data/index.js";
import { gatherValues } from "../processes/agreement.js";
import type { Communicator } from "../processes/communicator.js";

/** Batches that follow each other: one of each process. */
export interface EmbeddedBatches {
  /** Images that could be read, in order, and their features. */
  readonly indices: Int32Array;
  readonly features: Float32Array;
  readonly skipped: readonly SkippedImage[];
  /** How long this process waited for images, in seconds. */
  readonly waited: number;
}

interface Part {
  /** The images from this one on, of so many in all. */
  readonly first: number;
  readonly count: number;
  /** How many a batch of the reader has. */
  readonly batch: number;
}

/** All processes see all features; each computes those of its own batches. */
export async function* embedTogether(
  communicator: Communicator,
  reader: OrderedReader,
  { first, count, batch }: Part,
  extract: (pixels: Uint8Array) => Promise<Float32Array>,
): AsyncGenerator<EmbeddedBatches> {
  const { rank, size } = communicator;
  if (size === 1) {
    for await (const { indices, pixels, skipped, waitSeconds } of reader.pass({ first })) {
      yield { indices, features: await extract(pixels), skipped, waited: waitSeconds };
    }
    return;
  }
  const rounds = Math.ceil((count - first) / (batch * size));
  const own: number[] = [];
  for (let start = first + rank * batch; start < count; start += batch * size) {
    for (let index = start; index < Math.min(count, start + batch); index++) own.push(index);
  }
  const pass = reader.pass({ indices: own });
  try {
    for (let round = 0; round < rounds; round++) {
      const read = await pass.next();
      const batchOf = read.done ? undefined : read.value;
      const features = batchOf === undefined ? new Float32Array(0) : await extract(batchOf.pixels);
      const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
      const told = await gatherValues(communicator, {
        indices: [...(batchOf?.indices ?? [])],
        skipped: batchOf?.skipped ?? [],
      });
      const all = Buffer.concat(await communicator.gather(bytes));
      yield {
        indices: Int32Array.from(told.flatMap(({ indices }) => indices)),
        features: new Float32Array(all.buffer.slice(all.byteOffset, all.byteOffset + all.length)),
        skipped: told.flatMap(({ skipped }) => skipped),
        waited: batchOf?.waitSeconds ?? 0,
      };
    }
  } finally {
    await pass.return(undefined);
  }
}
