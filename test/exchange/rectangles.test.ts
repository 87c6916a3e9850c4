// Models of images that are no squares, in the formats of other libraries and back.
import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { InferenceSession, Tensor } from "#src/engine/onnxruntime/node.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { encoderPass, runForward } from "#src/exchange/forward.js";
import { readWeights } from "#src/exchange/import-weights.js";
import type { EncoderShape } from "#src/nn/presets.js";
import { resamplePositions } from "#src/nn/resample-positions.js";
import { writeTinyCheckpoint } from "../evaluations/tiny-sets.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { randomEncoder } from "../heads/random-encoder.js";
import { sameBytes } from "./weights-files.js";

const temporary = temporaryFolder();
// 4 x 9 patches: as many as those of a square of 6 x 6.
const shape: EncoderShape = { imageSize: [16, 36], patchSize: 4, width: 12, depth: 1, heads: 2, mlpRatio: 2 };
const { tensors } = randomEncoder(shape, 7);
let checkpoint: string;

beforeEach(async () => {
  checkpoint = await writeTinyCheckpoint(temporary("model.safetensors"), { shape, seed: 7 });
});

test.each([
  ["safetensors", "x.safetensors"],
  ["pytorch", "x.pth"],
  ["timm", "timm.pth"],
  ["huggingface", "hf"],
] as const)("%s comes back bit for bit, with its size", async (format, name) => {
  const hints = format === "timm" ? { imageSize: [16, 36] as const } : {};
  await exportWeights(checkpoint, { format, out: temporary(name) });
  const { report, tensors: read } = readWeights(temporary(name), { heads: 2, ...hints });
  expect(report.model.shape).toEqual(shape);
  for (const [key, { data }] of read) expect(sameBytes(data, tensors.get(key)!.data as Float32Array), key).toBe(true);
  if (format !== "huggingface") return;
  const config = JSON.parse(readFileSync(temporary("hf/config.json"), "utf8")) as object;
  expect(config).toMatchObject({ image_size: [16, 36] });
  const preprocessor = JSON.parse(readFileSync(temporary("hf/preprocessor_config.json"), "utf8")) as object;
  expect(preprocessor).toMatchObject({ size: { height: 16, width: 36 } });
});

test("positions of a file that says nothing are those of a square where they can be, and resampled from it", async () => {
  await exportWeights(checkpoint, { format: "timm", out: temporary("timm.pth") });
  expect(readWeights(temporary("timm.pth"), { heads: 2 }).report.model.shape.imageSize).toBe(24);
  const { tensors: read } = readWeights(temporary("timm.pth"), { heads: 2, imageSize: [8, 12] });
  const [from, to] = [
    { rows: 6, columns: 6 },
    { rows: 2, columns: 3 },
  ];
  const wanted = resamplePositions(tensors.get("pos_embed")!.data as Float32Array, from, to, 12);
  expect(read.get("pos_embed")!.data).toEqual(wanted);
});

test("a number of positions that no square has is refused without a size, with what to do", async () => {
  const narrow: EncoderShape = { ...shape, imageSize: [16, 20] };
  await writeTinyCheckpoint(checkpoint, { shape: narrow });
  await exportWeights(checkpoint, { format: "timm", out: temporary("timm.pth") });
  expect(() => readWeights(temporary("timm.pth"), { heads: 2 })).toThrow(/21 rows.*--image-size HEIGHTxWIDTH/);
  for (const imageSize of [
    [16, 20],
    [20, 16],
  ] as const) {
    const { report } = readWeights(temporary("timm.pth"), { heads: 2, imageSize });
    expect(report.model.shape.imageSize).toEqual(imageSize);
  }
});

test.each([undefined, [32, 12] as const, 24])("ONNX Runtime computes the same at size %s", async (imageSize) => {
  const [height, width] = imageSize === undefined ? [16, 36] : [imageSize, imageSize].flat();
  await exportWeights(checkpoint, { format: "onnx", out: temporary("x.onnx"), imageSize });
  const session = await InferenceSession.create(temporary("x.onnx"));
  const area = height! * width!;
  const images = Uint8Array.from({ length: area * 3 }, (_, at) => (at * 97) & 255);
  const planes = new Float32Array(area * 3);
  for (let at = 0; at < images.length; at++) planes[(at % 3) * area + Math.floor(at / 3)] = images[at]! / 255;
  const { embedding } = await session.run({ pixel_values: new Tensor("float32", planes, [1, 3, height!, width!]) });

  await exportWeights(checkpoint, { format: "safetensors", out: temporary("own.safetensors"), imageSize });
  const { report, tensors: sized } = readWeights(temporary("own.safetensors"));
  expect(report.model.shape.imageSize).toEqual(imageSize ?? [16, 36]);
  const own = await runForward(encoderPass({ ...report.model, tensors: sized }, "mean"), images);
  for (const [at, value] of own.embedding!.entries()) expect(embedding!.data[at]).toBeCloseTo(value, 4);
});
