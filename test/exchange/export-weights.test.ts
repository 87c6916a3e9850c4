// Exports are read back by PyTorch, by ONNX's own checker and runtime, and by ourselves, bit for bit.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { InferenceSession, Tensor } from "#src/engine/onnxruntime/node.js";
import { type ExportFormat, exportFormats } from "#src/exchange/export-formats.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { encoderPass, runForward } from "#src/exchange/forward.js";
import { readWeights } from "#src/exchange/import-weights.js";
import { readSafetensors } from "#src/formats/safetensors.js";
import { writeCheckpoint } from "#src/training/checkpoint-file.js";
import { loadPretrained, type PretrainedModel } from "#src/training/pretrained.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { pytorchMissing } from "../pytorch.js";
import { missingModule, python } from "./python.js";
import { checkpointEntries, tinyConfig } from "./tiny-run.js";
import { sameBytes } from "./weights-files.js";

const temporary = temporaryFolder();
const extraNames = [
  "contrastive_head.fc1.bias",
  "contrastive_head.fc1.weight",
  "contrastive_head.fc2.bias",
  "contrastive_head.fc2.weight",
  "decoder_segment_embed",
  "segment_embed",
];
let checkpoint: string;
let model: PretrainedModel;

beforeEach(async () => {
  checkpoint = temporary("step.safetensors");
  await writeCheckpoint(checkpoint, {
    step: 5,
    tensors: checkpointEntries(5),
    metadata: { config: JSON.stringify(tinyConfig) },
  });
  model = await loadPretrained(checkpoint);
});

const outputs: Readonly<Record<ExportFormat, string>> = {
  safetensors: "x.safetensors",
  timm: "timm.pth",
  huggingface: "hf",
  pytorch: "x.pth",
  onnx: "x.onnx",
};
const run = (format: ExportFormat, options: object = {}) =>
  exportWeights(checkpoint, { format, out: temporary(outputs[format]), ...options });
const isEncoder = (name: string) => !/decoder|mask_token|segment|contrastive/.test(name);

describe("exports", () => {
  test.each(exportFormats.filter((format) => format !== "onnx"))("%s comes back bit for bit", async (format) => {
    const report = await run(format);
    const { tensors, report: imported } = readWeights(report.files.length > 1 ? temporary("hf") : report.files[0]!, {
      heads: 2,
    });
    const wanted = [...model.tensors.keys()].filter((name) => {
      if (format === "timm") return isEncoder(name);
      return format !== "huggingface" || !extraNames.includes(name);
    });
    expect([...tensors.keys()].sort()).toEqual(wanted.sort());
    for (const [name, { data }] of tensors) expect(sameBytes(data, model.tensors.get(name)!.data), name).toBe(true);
    expect(imported.keys.filter(({ status }) => status !== "matched")).toEqual([]);
    expect(report.origin).toBe(`${checkpoint}, step 5`);
    const kept = new Set(wanted);
    expect([...report.leftOut].sort()).toEqual([...model.tensors.keys()].filter((name) => !kept.has(name)).sort());
    if (format !== "timm" && format !== "huggingface") {
      const { normalization, background, shape, decoder } = model;
      expect(imported.model).toEqual({ normalization, background, shape, decoder });
    }
  });

  test.each(["safetensors", "pytorch", "huggingface"] as const)("%s of the encoder alone", async (format) => {
    const { leftOut, files } = await run(format, { encoderOnly: true });
    const { tensors, report } = readWeights(files.length > 1 ? temporary("hf") : files[0]!, { heads: 2 });
    expect([...tensors.keys()].every(isEncoder)).toBe(true);
    expect(report.model.decoder).toBe(undefined);
    expect(leftOut).toEqual(expect.arrayContaining(["segment_embed", "mask_token", "contrastive_head.fc1.weight"]));
  });

  test("timm as safetensors, under the same names", async () => {
    await run("timm", { out: temporary("timm.safetensors") });
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(temporary("timm.safetensors"))));
    expect([...tensors.keys()].sort()).toEqual([...model.tensors.keys()].filter(isEncoder).sort());
    expect({ ...metadata }).toEqual({ format: "pt" });
  });

  test("the folder for Hugging Face", async () => {
    await run("huggingface");
    const json = (name: string) => JSON.parse(readFileSync(temporary("hf", name), "utf8"));
    expect(json("config.json")).toMatchObject({
      architectures: ["ViTMAEForPreTraining"],
      model_type: "vit_mae",
      hidden_size: 8,
      intermediate_size: 16,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      image_size: 8,
      patch_size: 4,
      layer_norm_eps: 1e-6,
      decoder_hidden_size: 8,
      decoder_intermediate_size: 16,
      decoder_num_hidden_layers: 1,
      decoder_num_attention_heads: 2,
      mask_ratio: 0.5,
      norm_pix_loss: true,
      qkv_bias: true,
    });
    expect(json("preprocessor_config.json")).toMatchObject({
      image_mean: [0.485, 0.456, 0.406],
      size: { height: 8, width: 8 },
    });
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(temporary("hf", "model.safetensors"))));
    expect(metadata.format).toBe("pt");
    const block = (prefix: string) =>
      [
        "attention.attention.key",
        "attention.attention.query",
        "attention.attention.value",
        "attention.output.dense",
        "intermediate.dense",
        "layernorm_after",
        "layernorm_before",
        "output.dense",
      ].flatMap((name) => [`${prefix}.${name}.bias`, `${prefix}.${name}.weight`]);
    expect([...tensors.keys()].sort()).toEqual(
      [
        ...block("vit.encoder.layer.0"),
        ...block("decoder.decoder_layers.0"),
        ...[
          "decoder.decoder_embed",
          "decoder.decoder_norm",
          "decoder.decoder_pred",
          "vit.layernorm",
          "vit.embeddings.patch_embeddings.projection",
        ].flatMap((name) => [`${name}.bias`, `${name}.weight`]),
        ...[
          "decoder.mask_token",
          "decoder.decoder_pos_embed",
          "vit.embeddings.cls_token",
          "vit.embeddings.position_embeddings",
        ],
      ].sort(),
    );
    const qkv = model.tensors.get("blocks.0.attn.qkv.weight")!.data;
    const key = tensors.get("vit.encoder.layer.0.attention.attention.key.weight")!;
    expect(key.shape).toEqual([8, 8]);
    expect(sameBytes(key.data as Float32Array, qkv.subarray(64, 128))).toBe(true);
  });

  test("the encoder for Hugging Face is a ViTModel", async () => {
    await run("huggingface", { encoderOnly: true });
    expect(JSON.parse(readFileSync(temporary("hf", "config.json"), "utf8"))).toMatchObject({
      architectures: ["ViTModel"],
      model_type: "vit",
    });
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(temporary("hf", "model.safetensors"))));
    expect(tensors.has("embeddings.cls_token")).toBe(true);
  });

  test("a folder that holds something else, such as a run, is not written to", async () => {
    mkdirSync(temporary("hf"));
    writeFileSync(temporary("hf", "metrics.jsonl"), "");
    await expect(run("huggingface")).rejects.toThrow("found metrics.jsonl in");
    await expect(run("huggingface", { overwrite: true })).rejects.toThrow("found metrics.jsonl in");
    await run("huggingface", { out: temporary("other") });
    const again = { out: temporary("other"), encoderOnly: true };
    await expect(run("huggingface", again)).rejects.toThrow(/found a file at .*model.safetensors.*--overwrite/);
    await run("huggingface", { ...again, overwrite: true });
  });

  test("another image size resamples the positions, decoder's included", async () => {
    await run("safetensors", { imageSize: 16 });
    const { report, tensors } = readWeights(temporary("x.safetensors"));
    expect(report.model.shape.imageSize).toBe(16);
    expect(tensors.get("decoder_pos_embed")!.shape).toEqual([1, 17, 8]);
    expect(
      sameBytes(tensors.get("pos_embed")!.data.subarray(0, 8), model.tensors.get("pos_embed")!.data.subarray(0, 8)),
    ).toBe(true);
    await expect(run("safetensors", { imageSize: 10 })).rejects.toThrow("a multiple of the patches of 4; found 10");
  });
});

describe("ONNX", () => {
  test.each([
    ["mean", 8],
    ["cls", 8],
    ["mean", 16],
  ] as const)("%s of images of %i: batches of 1 and 3 give our own features", async (pool, imageSize) => {
    const { difference, leftOut } = await run("onnx", { pool, imageSize });
    expect(difference).toBeLessThan(1e-5);
    expect(leftOut).toContain("segment_embed");
    const session = await InferenceSession.create(temporary("x.onnx"));
    expect([session.inputNames, session.outputNames]).toEqual([["pixel_values"], ["last_hidden_state", "embedding"]]);
    const sized = await resizedModel(imageSize);
    for (const batch of [1, 3]) {
      const images = Uint8Array.from({ length: batch * imageSize ** 2 * 3 }, (_, index) => (index * 37) % 256);
      const pixels = new Float32Array(images.length);
      const area = imageSize ** 2;
      for (const [index, value] of images.entries()) {
        const [image, pixel, channel] = [Math.floor(index / (3 * area)), Math.floor(index / 3) % area, index % 3];
        pixels[(image * 3 + channel) * area + pixel] = value / 255;
      }
      const feeds = { pixel_values: new Tensor("float32", pixels, [batch, 3, imageSize, imageSize]) };
      const results = await session.run(feeds);
      const own = await runForward(encoderPass(sized, pool), images);
      expect(results.last_hidden_state!.dims).toEqual([batch, 1 + (imageSize / 4) ** 2, 8]);
      expect(results.embedding!.dims).toEqual([batch, 8]);
      for (const [found, wanted] of [
        [results.last_hidden_state!.data as Float32Array, own.last_hidden_state!],
        [results.embedding!.data as Float32Array, own.embedding!],
      ] as const) {
        expect(Math.max(...found.map((value, index) => Math.abs(value - wanted[index]!)))).toBeLessThan(1e-4);
      }
    }
    await session.release();
  });

  async function resizedModel(imageSize: number): Promise<PretrainedModel> {
    await run("safetensors", { imageSize });
    const { tensors } = readWeights(temporary("x.safetensors"));
    return { ...model, tensors, shape: { ...model.shape, imageSize } };
  }

  const missingOnnx = missingModule("onnx", "python3-onnx");
  test.skipIf(missingOnnx !== undefined)(`passes onnx.checker${missingOnnx ? ` (${missingOnnx})` : ""}`, async () => {
    await run("onnx");
    const program = [
      "import onnx, sys",
      "model = onnx.load(sys.argv[1])",
      "onnx.checker.check_model(model, full_check=True)",
      "print([(o.domain, o.version) for o in model.opset_import], model.producer_name, model.ir_version)",
      "print([[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*model.graph.input, *model.graph.output]])",
      "print(sorted({n.domain for n in model.graph.node}), len(model.graph.input))",
      "print({p.key: p.value for p in model.metadata_props}['pool'], 'RGB in [0, 1]' in model.doc_string)",
    ].join("\n");
    expect(python(program, temporary("x.onnx")).trim().split("\n")).toEqual([
      "[('', 17)] mixedae 8",
      "[['batch', 3, 8, 8], ['batch', 5, 8], ['batch', 8]]",
      "[''] 1",
      "mean True",
    ]);
  });
});

describe.skipIf(pytorchMissing !== undefined)(`PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  test("loads what was exported, bit for bit", async () => {
    await run("safetensors");
    await run("pytorch");
    await run("timm");
    const program = [
      "import sys, torch",
      "sys.path.insert(0, 'test/reference')",
      "import tensor_file",
      "expected, metadata = tensor_file.read(sys.argv[1])",
      "for path, entry in ((sys.argv[2], 'model'), (sys.argv[3], None)):",
      "    state = torch.load(path, weights_only=True)",
      "    state = state[entry] if entry else state",
      "    same = all(state[k].numpy().tobytes() == expected[k].tobytes() and state[k].shape == expected[k].shape for k in state)",
      "    print(type(state).__name__, len(state), same, 'segment_embed' in state)",
    ].join("\n");
    const found = python(program, temporary("x.safetensors"), temporary("x.pth"), temporary("timm.pth"))
      .trim()
      .split("\n");
    const encoder = [...model.tensors.keys()].filter(isEncoder).length;
    expect(found).toEqual([`OrderedDict ${model.tensors.size} True True`, `OrderedDict ${encoder} True False`]);
  });
});
