// A frozen model as a compiled program over images: a fixed batch, whatever the number of images.

import type { ImageSides } from "../data/image-size.js";
import { type Engine, EngineError, openEngine } from "../engine/index.js";
import { defineProgram, input, type Tensor } from "../graph/index.js";
import { ParameterScope } from "../nn/parameters.js";
import { type Normalization, normalizePixels } from "../nn/pixels.js";
import { type EncoderShape, imageShape, imageValues, patchCount } from "../nn/presets.js";
import { type Weights, weightsOf } from "./weights.js";

/** Weights with all that is needed to apply them to images. */
export interface FrozenModel<Output extends string> {
  readonly name: string;
  readonly shape: EncoderShape;
  readonly normalization: Normalization;
  readonly weights: Weights;
  /** The most images at once, where what comes of each is large. */
  readonly mostImages?: number;
  /** Normalised images [batch, height, width, channels] to rows [batch, n]. */
  readonly outputs: (scope: ParameterScope, images: Tensor) => Readonly<Record<Output, Tensor>>;
}

export interface ImageProgram<Output extends string> {
  /** The most images that one call takes. */
  readonly batch: number;
  readonly imageSize: ImageSides;
  /** What the engine holds at its peak, weights included. */
  readonly memoryBytes: number;
  /**
   * One row an image for each output, of images [images, height, width, channels]. An image's rows depend on its pixels
   * alone, to the last bit: not on its place or on the other images of the batch.
   */
  run(pixels: Uint8Array): Promise<Record<Output, Float32Array>>;
}

/** Tokens that are computed together: enough for the engine's full speed, few enough to stay in the cache. */
const TOKENS_AT_ONCE = 4096;

/** Compiles a model. Throws EngineError where a weight is missing or of another shape. */
export async function createImageProgram<Output extends string>(
  { name, shape, normalization, weights, mostImages = 64, outputs }: FrozenModel<Output>,
  engine: Engine = openEngine(),
): Promise<ImageProgram<Output>> {
  const { imageSize } = shape;
  const batch = Math.min(64, mostImages, Math.max(1, Math.round(TOKENS_AT_ONCE / patchCount(shape))));
  const scope = new ParameterScope();
  const images = input("images", imageShape(shape, batch), "uint8");
  const rows = outputs(scope, normalizePixels(images, normalization));
  const executable = await engine.compile(defineProgram(name, rows));

  const values = weightsOf(scope.parameters, weights);
  const pixelBytes = imageValues(shape);
  const buffer = new Uint8Array(batch * pixelBytes);
  const results = (Object.entries(rows) as [Output, Tensor][]).map(
    ([output, { size }]) => [output, new Float32Array(size)] as const,
  );
  const binding = executable.bind({ ...values, images: buffer }, Object.fromEntries(results));
  const weightBytes = Object.values(values).reduce((total, { length }) => total + 4 * length, 0);

  return {
    batch,
    imageSize,
    memoryBytes: weightBytes + executable.plannedBytes,
    async run(pixels) {
      const count = pixels.length / pixelBytes;
      if (!Number.isInteger(count) || count > batch) {
        throw new EngineError(
          `${name}: expected up to ${batch} images of ${pixelBytes} bytes; found ${pixels.length} bytes`,
        );
      }
      // What fills up a smaller batch is computed in vain; it cannot change the other images.
      buffer.set(pixels);
      await binding.run();
      const rowsOf = (values: Float32Array) => values.slice(0, (count * values.length) / batch);
      return Object.fromEntries(results.map(([output, array]) => [output, rowsOf(array)])) as Record<
        Output,
        Float32Array
      >;
    },
  };
}
