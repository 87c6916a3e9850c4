// The encoder that an embedding was made with, for images that are to be compared with it.

import type { ReadImage, ReadOptions } from "../data/index.js";
import { openEngine } from "../engine/index.js";
import { createFeatureExtractor } from "../heads/features.js";
import { channelsOf } from "../nn/presets.js";
import type { Warn } from "../training/newest-checkpoint.js";
import { EvaluationError } from "./errors.js";
import type { FeatureDescription } from "./feature-description.js";
import { fingerprint, openEmbeddingModel } from "./model.js";

export interface QueryEncoderOptions {
  /** Where the encoder is now; by default where it was. */
  readonly from?: string | undefined;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number | undefined;
  /** Called where the encoder's newest checkpoint is damaged and an older one is taken. */
  readonly warn?: Warn | undefined;
}

export interface QueryEncoder {
  /** How it sees images. */
  readonly reading: ReadOptions & { readonly channels: number };
  /** A vector for each image that was read so: [images, width]. */
  embed(images: readonly ReadImage[]): Promise<Float32Array>;
}

/** Throws EvaluationError where the encoder is another one by now, and the errors of reading it. */
export async function openQueryEncoder(
  features: string,
  description: FeatureDescription,
  { from, threads, warn }: QueryEncoderOptions = {},
): Promise<QueryEncoder> {
  const model = await openEmbeddingModel({
    from: from ?? description.from,
    ...(description.student && { student: true }),
    warn,
  });
  if (fingerprint(model) !== description.fingerprint) {
    throw new EvaluationError({
      expected: `the encoder that ${features} was made with (${description.origin})`,
      found: `another one (${model.origin})`,
      remedy: "Name its checkpoint with --from, or embed the images again",
    });
  }
  const { imageSize, patchSize, width } = model.shape;
  const channels = channelsOf(model.shape);
  const reading = { imageSize, channels, minimumSize: patchSize, background: model.background };
  const extractor = await createFeatureExtractor(model, openEngine({ threads }));

  return {
    reading,
    async embed(images) {
      const vectors = new Float32Array(images.length * width);
      for (let first = 0; first < images.length; first += extractor.batch) {
        const batch = images.slice(first, first + extractor.batch).map(({ pixels }) => pixels);
        vectors.set((await extractor.extract(Buffer.concat(batch)))[description.pooling], first * width);
      }
      return vectors;
    },
  };
}
