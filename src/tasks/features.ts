// Images to feature vectors: the frozen encoder as a compiled program over a fixed batch.
import { defineProgram, formatShape, input } from "../graph/index.js";
import { ParameterScope } from "../nn/parameters.js";
import { type Normalization, normalizePixels } from "../nn/pixels.js";
import type { EncoderShape } from "../nn/presets.js";
import { visionTransformer } from "../nn/vision-transformer.js";
import { type CompileOptions, compile, EngineError } from "../runtime/index.js";

/** How one vector is made of an image's tokens: the mean of the patch tokens, or the CLS token. */
export const poolings = ["mean", "cls"] as const;
export type Pooling = (typeof poolings)[number];

/** One row an image [images, width] for each pooling. */
export type Features = Readonly<Record<Pooling, Float32Array>>;

/** A pre-trained encoder, wherever its weights are from. */
export interface FrozenEncoder {
  readonly shape: EncoderShape;
  readonly normalization: Normalization;
  /** Weights by their official names, positions included; others are left aside. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

export interface FeatureExtractor {
  /** The most images that one call takes. */
  readonly batch: number;
  readonly imageSize: number;
  readonly width: number;
  /** What the engine holds at its peak, weights included. */
  readonly memoryBytes: number;
  /**
   * Features of images [images, imageSize, imageSize, 3], after the final norm. An image's features depend on its
   * pixels alone, to the last bit: not on its place or on the other images of the batch.
   */
  extract(pixels: Uint8Array): Promise<Features>;
}

/** Tokens that are computed together: enough for the engine's full speed, few enough to stay in the cache. */
const TOKENS_AT_ONCE = 4096;

/** Compiles an encoder. Throws EngineError where a weight is missing or of another shape. */
export async function createFeatureExtractor(
  { shape, normalization, tensors }: FrozenEncoder,
  engine: CompileOptions = {},
): Promise<FeatureExtractor> {
  const { imageSize, patchSize, width } = shape;
  const batch = Math.min(64, Math.max(1, Math.round(TOKENS_AT_ONCE / (imageSize / patchSize) ** 2)));
  const scope = new ParameterScope();
  const encode = visionTransformer(scope, shape);
  const images = input("images", [batch, imageSize, imageSize, 3], "uint8");
  const { cls, patches } = encode(normalizePixels(images, normalization));
  const executable = await compile(defineProgram("features", { cls, mean: patches.mean([0]) }), engine);

  const weights = Object.fromEntries(
    scope.parameters.map(({ name, tensor }) => {
      const found = tensors.get(name);
      if (found === undefined || formatShape(found.shape) !== formatShape(tensor.shape)) {
        const what = found === undefined ? "none" : formatShape(found.shape);
        throw new EngineError(
          `The encoder needs a weight ${name} of shape ${formatShape(tensor.shape)}; found ${what}. ` +
            "Take a checkpoint of a plain vision transformer of this size",
        );
      }
      return [name, found.data];
    }),
  );
  const pixelBytes = imageSize ** 2 * 3;
  const buffer = new Uint8Array(batch * pixelBytes);
  const outputs = { cls: new Float32Array(batch * width), mean: new Float32Array(batch * width) };
  const binding = executable.bind({ ...weights, images: buffer }, outputs);
  const weightBytes = Object.values(weights).reduce((total, { byteLength }) => total + byteLength, 0);

  return {
    batch,
    imageSize,
    width,
    memoryBytes: weightBytes + executable.plannedBytes,
    async extract(pixels) {
      const count = pixels.length / pixelBytes;
      if (!Number.isInteger(count) || count > batch) {
        throw new EngineError(
          `Features are computed of up to ${batch} images of ${pixelBytes} bytes; found ${pixels.length} bytes`,
        );
      }
      // What fills up a smaller batch is computed in vain; it cannot change the other images.
      buffer.set(pixels);
      await binding.run();
      return { cls: outputs.cls.slice(0, count * width), mean: outputs.mean.slice(0, count * width) };
    },
  };
}
