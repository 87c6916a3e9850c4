// Exports a model to ONNX, and runs the file that is to be written against our own forward pass first.

import { sizeOf, sizeWord } from "../data/image-size.js";
import { EngineError } from "../engine/index.js";
import { InferenceSession, Tensor as OrtTensor } from "../engine/onnxruntime/node.js";
import type { Pooling } from "../heads/features.js";
import { channelsOf, imageShape, imageValues } from "../nn/presets.js";
import { randomStream } from "../random/index.js";
import type { FineTunedClassifier } from "../training/fine-tuned.js";
import type { ModelDescription } from "../training/model-description.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { classifierPass, encoderPass, type ForwardPass, runForward } from "./forward.js";
import { encodeOnnxFile } from "./onnx-file.js";
import { onnxBytes, onnxGraph } from "./onnx-graph.js";

export interface OnnxExport {
  readonly bytes: Uint8Array;
  /** Euclidean norm of the difference to our own forward pass, as a share of that of the values. */
  readonly difference: number;
}

/** Protocol buffers end at 2 GiB. */
const LARGEST_FILE = 2 ** 31 - 2 ** 20;
/** Float32 rounding in another order of operations stays well below this, a wrong graph far above. */
const LARGEST_DIFFERENCE = 1e-4;

/** An encoder: to `last_hidden_state` and `embedding`. Throws as `exportPass` does. */
export function exportEncoder(model: PretrainedModel, pool: Pooling, version: string): Promise<OnnxExport> {
  const { kind, sizes, input } = inWords(model);
  return exportPass(encoderPass(model, pool), {
    version,
    description:
      `Vision transformer encoder, ${kind}. ${input} ` +
      `embedding: ${pool === "cls" ? "the CLS token" : "the mean of the patch tokens"} of last_hidden_state.`,
    metadata: { ...sizes, pool, origin: model.origin },
  });
}

/** A classifier: to `logits`; the names of the classes are a JSON array in the metadata. Throws as `exportPass` does. */
export function exportClassifier(classifier: FineTunedClassifier, version: string): Promise<OnnxExport> {
  const { classes, model, shape, origin } = classifier;
  const { kind, sizes, input } = inWords(model);
  return exportPass(classifierPass(classifier), {
    version,
    description:
      `Vision transformer classifier of ${classes.length} classes, ${kind}. ${input} ` +
      "logits: a score for each class, in the order of the metadata's classes; softmax gives probabilities.",
    metadata: { ...sizes, pool: shape.pooling, classes: JSON.stringify(classes), origin },
  });
}

interface Labels {
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The file's bytes, once they have been run at batches of 1 and 3. Throws EngineError where the results differ. */
async function exportPass(pass: ForwardPass, { version, ...labels }: Labels): Promise<OnnxExport> {
  if (onnxBytes(pass) > LARGEST_FILE) {
    throw new EngineError("an ONNX file holds at most 2 GiB, and this model has more. Export safetensors instead");
  }
  const bytes = Buffer.concat(encodeOnnxFile({ model: onnxGraph(pass), producerVersion: version, ...labels }));
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  let difference = 0;
  try {
    for (const batch of [1, 3]) difference = Math.max(difference, await compare(session, pass, batch));
  } finally {
    await session.release();
  }
  if (!(difference < LARGEST_DIFFERENCE)) {
    throw new EngineError(
      `the exported graph gives other results than our own forward pass: expected a relative difference below ` +
        `${LARGEST_DIFFERENCE}; found ${difference}. Nothing was written; this is a bug in mixedae`,
    );
  }
  return { bytes, difference };
}

/** What is said of every model. */
function inWords({ shape, normalization }: Pick<ModelDescription, "shape" | "normalization">) {
  const { patchSize, width, depth, heads } = shape;
  const size = sizeOf(shape.imageSize);
  const { mean, std } = normalization;
  const channels = channelsOf(shape);
  const pixels = channels === 3 ? "RGB" : channels === 1 ? "grey" : `${channels} channels`;
  return {
    kind: `${depth} blocks of width ${width}, ${heads} heads, patches of ${patchSize} pixels`,
    input: `pixel_values: ${pixels} in [0, 1], ${size.height} x ${size.width}; normalisation is inside.`,
    sizes: {
      image_size: sizeWord(shape.imageSize),
      patch_size: String(patchSize),
      hidden_size: String(width),
      num_hidden_layers: String(depth),
      num_attention_heads: String(heads),
      num_channels: String(channels),
      input: `${pixels}, float32 from 0 to 1, channels first`,
      normalization_inside: JSON.stringify({ mean, std }),
    },
  };
}

async function compare(session: InferenceSession, pass: ForwardPass, batch: number): Promise<number> {
  const [, height, width, channels] = imageShape(pass.shape, batch);
  const stream = randomStream(0, "compare exported graph", 0, batch);
  const images = Uint8Array.from({ length: batch * imageValues(pass.shape) }, () =>
    Math.floor(stream.uniformIn(0, 256)),
  );
  const own = await runForward(pass, images);
  const pixels = new OrtTensor("float32", channelsFirst(images, height * width, channels), [
    batch,
    channels,
    height,
    width,
  ]);
  const results = await session.run({ pixel_values: pixels });
  const differences = Object.entries(own).map(([name, values]) =>
    relativeDifference(results[name]!.data as Float32Array, values),
  );
  return Math.max(...differences);
}

/** [batch, height, width, channels] of bytes to [batch, channels, height, width] from 0 to 1; area is height * width. */
function channelsFirst(images: Uint8Array, area: number, channels: number): Float32Array {
  const pixels = new Float32Array(images.length);
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
