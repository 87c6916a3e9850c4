// Exports an encoder to ONNX, and runs the file that is to be written against our own forward pass first.

import { EngineError } from "../engine/index.js";
import { InferenceSession, Tensor as OrtTensor } from "../engine/onnxruntime/node.js";
import type { Pooling } from "../heads/features.js";
import { channelsOf, imageValues } from "../nn/presets.js";
import { randomStream } from "../random/index.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { encodeImages } from "./forward.js";
import { onnxBytes, onnxEncoder } from "./onnx-encoder.js";
import { encodeOnnxFile } from "./onnx-file.js";

export interface OnnxExport {
  readonly bytes: Uint8Array;
  /** Euclidean norm of the difference to our own forward pass, as a share of that of the values. */
  readonly difference: number;
}

/** Protocol buffers end at 2 GiB. */
const LARGEST_FILE = 2 ** 31 - 2 ** 20;
/** Float32 rounding in another order of operations stays well below this, a wrong graph far above. */
const LARGEST_DIFFERENCE = 1e-4;

/** The file's bytes, once they have been run at batches of 1 and 3. Throws EngineError where the results differ. */
export async function exportOnnx(model: PretrainedModel, pool: Pooling, version: string): Promise<OnnxExport> {
  if (onnxBytes(model) > LARGEST_FILE) {
    throw new EngineError("an ONNX file holds at most 2 GiB, and this model has more. Export safetensors instead");
  }
  const bytes = encodeModel(model, pool, version);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  let difference = 0;
  try {
    for (const batch of [1, 3]) difference = Math.max(difference, await compare(session, model, pool, batch));
  } finally {
    await session.release();
  }
  if (!(difference < LARGEST_DIFFERENCE)) {
    throw new EngineError(
      `the exported graph gives other features than our own forward pass: expected a relative difference below ` +
        `${LARGEST_DIFFERENCE}; found ${difference}. Nothing was written; this is a bug in mixedae`,
    );
  }
  return { bytes, difference };
}

function encodeModel(model: PretrainedModel, pool: Pooling, version: string): Uint8Array {
  const { imageSize, patchSize, width, depth, heads } = model.shape;
  const { mean, std } = model.normalization;
  const channels = channelsOf(model.shape);
  const kind = channels === 3 ? "RGB" : channels === 1 ? "grey" : `${channels} channels`;
  return Buffer.concat(
    encodeOnnxFile({
      model: onnxEncoder(model, pool),
      producerVersion: version,
      description:
        `Vision transformer encoder, ${depth} blocks of width ${width}, ${heads} heads, patches of ${patchSize} pixels. ` +
        `pixel_values: ${kind} in [0, 1], ${imageSize} x ${imageSize}; normalisation is inside. ` +
        `embedding: ${pool === "cls" ? "the CLS token" : "the mean of the patch tokens"} of last_hidden_state.`,
      metadata: {
        image_size: String(imageSize),
        patch_size: String(patchSize),
        hidden_size: String(width),
        num_hidden_layers: String(depth),
        num_attention_heads: String(heads),
        num_channels: String(channels),
        input: `${kind}, float32 from 0 to 1, channels first`,
        normalization_inside: JSON.stringify({ mean, std }),
        pool,
        origin: model.origin,
      },
    }),
  );
}

async function compare(
  session: InferenceSession,
  model: PretrainedModel,
  pool: Pooling,
  batch: number,
): Promise<number> {
  const { imageSize } = model.shape;
  const channels = channelsOf(model.shape);
  const stream = randomStream(0, "compare exported graph", 0, batch);
  const images = Uint8Array.from({ length: batch * imageValues(model.shape) }, () =>
    Math.floor(stream.uniformIn(0, 256)),
  );
  const own = await encodeImages(model, images, pool);
  const pixels = new OrtTensor("float32", channelsFirst(images, imageSize, channels), [
    batch,
    channels,
    imageSize,
    imageSize,
  ]);
  const { last_hidden_state: tokens, embedding } = await session.run({ pixel_values: pixels });
  return Math.max(
    relativeDifference(tokens!.data as Float32Array, own.tokens),
    relativeDifference(embedding!.data as Float32Array, own.embedding),
  );
}

/** [batch, size, size, channels] of bytes to [batch, channels, size, size] from 0 to 1. */
function channelsFirst(images: Uint8Array, size: number, channels: number): Float32Array {
  const pixels = new Float32Array(images.length);
  const area = size * size;
  for (let i = 0; i < images.length; i++) {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    pixels[(Math.floor(pixel / area) * channels + channel) * area + (pixel % area)] = images[i]! / 255;
  }
  return pixels;
}

function relativeDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [squares, total] = [0, 0];
  for (let i = 0; i < found.length; i++) {
    squares += (found[i]! - expected[i]!) ** 2;
    total += expected[i]! ** 2;
  }
  return Math.sqrt(squares / total);
}
