// What a step of segmentation is given: crops, the labels of their pixels, and what is dropped.

import type { Batch } from "../../data/index.js";
import type { Arrays } from "../../engine/index.js";
import { dropoutWidth } from "../../heads/segmenter.js";
import { drawBranchScales } from "../../nn/drop-path.js";
import { randomStream, stepsBefore } from "../../random/index.js";
import { type SegmentConfig, segmenterShapeOf } from "./config.js";

/** A function of batches; all that it draws depends on the seed, the step and the place in the batch alone. */
export function segmentInputs(config: SegmentConfig): (batch: Batch) => Arrays {
  const { seed, head, regularization, model } = config;
  const { depth } = model.shape;
  const { dropPath } = regularization;
  const width = dropoutWidth(segmenterShapeOf(config));

  return ({ step, places, views }) => {
    const [{ pixels, masks }] = views as [(typeof views)[0]];
    const done = stepsBefore(step);
    const rows = (
      name: string,
      length: number,
      draw: (stream: ReturnType<typeof randomStream>) => ArrayLike<number>,
    ) => {
      const values = new Float32Array(places.length * length);
      for (const [image, place] of places.entries()) {
        values.set(draw(randomStream(seed, name, done, place)), image * length);
      }
      return values;
    };
    return {
      images: pixels,
      labels: masks!,
      ...(dropPath > 0 && {
        branchScales: rows("drop path", 2 * depth, (stream) => drawBranchScales(stream, depth, dropPath)),
      }),
      ...(head.dropout > 0 && {
        dropout: rows("dropout", width, (stream) =>
          Array.from({ length: width }, () => (stream.uniform() < head.dropout ? 0 : 1 / (1 - head.dropout))),
        ),
      }),
    };
  };
}
