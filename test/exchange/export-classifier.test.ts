// A fine-tuned classifier elsewhere: ONNX gives what mixedae classify gives, PyTorch computes the same from the names of
// timm and of Hugging Face, and what a format cannot express is refused.
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { readImages } from "#src/data/index.js";
import { InferenceSession, Tensor } from "#src/engine/onnxruntime/node.js";
import { classify } from "#src/evaluations/index.js";
import { exportWeights } from "#src/exchange/export-weights.js";
import { readWeights } from "#src/exchange/import-weights.js";
import { readSafetensors } from "#src/formats/safetensors.js";
import type { Pooling } from "#src/heads/features.js";
import type { WeightTensor } from "#src/training/pretrained.js";
import { record } from "../cli/recording.js";
import { patternImage, writeFiles } from "../data/image-files.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { pytorchMissing } from "../pytorch.js";
import { missingModule, python } from "./python.js";
import { classifierModel, classNames, writeTinyClassifier } from "./tiny-classifier.js";
import { sameBytes } from "./weights-files.js";

const temporary = temporaryFolder();
const runs = {} as Record<Pooling, string>;
const weights = {} as Record<Pooling, ReadonlyMap<string, WeightTensor>>;

beforeEach(async () => {
  for (const pooling of ["mean", "cls"] as const) {
    runs[pooling] = temporary(pooling);
    weights[pooling] = await writeTinyClassifier(runs[pooling], pooling);
  }
});

const tensorsOf = (path: string) => readSafetensors(new Uint8Array(readFileSync(path)));

/** Images on disk, what classify says of them, and their pixels [count, 3, 8, 8] from 0 to 1. */
async function classified(pooling: Pooling) {
  const folder = writeFiles(temporary("images"), {
    "a.png": await patternImage(8, 8, 1).png().toBuffer(),
    "b.png": await patternImage(11, 9, 2).png().toBuffer(),
    "c.png": await patternImage(20, 30, 3).png().toBuffer(),
  });
  const images = ["a", "b", "c"].map((name) => `${folder}/${name}.png`);
  const result = await classify({ classifier: runs[pooling], images, top: classNames.length, threads: 1 });
  const read = await readImages(images, { imageSize: 8, minimumSize: 4 });
  const pixels = read.flatMap((image) =>
    [0, 1, 2].flatMap((channel) => Array.from({ length: 64 }, (_, at) => image.pixels[3 * at + channel]! / 255)),
  );
  const probabilities = result.images.map(({ classes }) =>
    classNames.map((name) => classes.find((each) => each.name === name)!.probability),
  );
  return { pixels: Float32Array.from(pixels), probabilities };
}

function softmaxRows(logits: ArrayLike<number>): number[][] {
  return Array.from({ length: logits.length / classNames.length }, (_, row) => {
    const powers = classNames.map((_, column) => Math.exp(logits[row * classNames.length + column]!));
    const sum = powers.reduce((total, each) => total + each, 0);
    return powers.map((each) => each / sum);
  });
}

function expectClose(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]) {
  expect(found.length).toBe(expected.length);
  for (const [row, values] of expected.entries()) {
    for (const [column, value] of values.entries()) expect(found[row]![column]).toBeCloseTo(value, 5);
  }
}

describe("ONNX", () => {
  test.each<Pooling>(["mean", "cls"])("%s: logits are those of mixedae classify, image by image", async (pooling) => {
    const out = temporary("x.onnx");
    const report = await exportWeights(runs[pooling], { format: "onnx", out });
    expect(report.difference).toBeLessThan(1e-5);
    expect(report).toMatchObject({ origin: `${runs[pooling]}, step 7`, classes: classNames, leftOut: [] });
    const session = await InferenceSession.create(out);
    expect([session.inputNames, session.outputNames]).toEqual([["pixel_values"], ["logits"]]);
    const { pixels, probabilities } = await classified(pooling);
    // Images that the model tells apart, or any order of them would pass.
    expect(Math.abs(probabilities[0]![0]! - probabilities[1]![0]!)).toBeGreaterThan(0.001);
    for (const count of [1, 3]) {
      const input = new Tensor("float32", pixels.slice(0, count * 192), [count, 3, 8, 8]);
      const { logits } = await session.run({ pixel_values: input });
      expect(logits!.dims).toEqual([count, classNames.length]);
      expectClose(softmaxRows(logits!.data as Float32Array), probabilities.slice(0, count));
    }
    await session.release();
  });

  const missingOnnx = missingModule("onnx", "python3-onnx");
  test.skipIf(missingOnnx !== undefined)(
    `names the classes in its metadata${missingOnnx ? ` (${missingOnnx})` : ""}`,
    async () => {
      await exportWeights(runs.mean, { format: "onnx", out: temporary("x.onnx") });
      const program = [
        "import json, onnx, sys",
        "model = onnx.load(sys.argv[1])",
        "onnx.checker.check_model(model, full_check=True)",
        "metadata = {p.key: p.value for p in model.metadata_props}",
        "print(json.dumps([json.loads(metadata['classes']), metadata['pool'], metadata['image_size']]))",
        "print([[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in [*model.graph.input, *model.graph.output]])",
      ].join("\n");
      const lines = python(program, temporary("x.onnx")).trim().split("\n");
      expect(JSON.parse(lines[0]!)).toEqual([classNames, "mean", "8"]);
      expect(lines[1]).toBe("[['batch', 3, 8, 8], ['batch', 4]]");
    },
  );

  test("takes another image size", async () => {
    const { difference } = await exportWeights(runs.mean, { format: "onnx", out: temporary("x.onnx"), imageSize: 16 });
    expect(difference).toBeLessThan(1e-5);
  });
});

describe("weights", () => {
  test.each<Pooling>(["mean", "cls"])("%s: safetensors hold every tensor and the classes", async (pooling) => {
    const out = temporary("x.safetensors");
    await exportWeights(runs[pooling], { format: "safetensors", out });
    const { tensors, metadata } = tensorsOf(out);
    expect([...tensors.keys()].sort()).toEqual([...weights[pooling].keys()].sort());
    for (const [name, { data }] of weights[pooling]) {
      expect(sameBytes(tensors.get(name)!.data as Float32Array, data), name).toBe(true);
    }
    expect(JSON.parse(metadata.classes!)).toEqual(classNames);
    expect(metadata.pooling).toBe(pooling);
    expect(JSON.parse(metadata.model!)).toMatchObject({ shape: classifierModel.shape, decoder: null });
  });

  test("timm's names and arguments, by where the norm is", async () => {
    const block = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"];
    const layers = [...[0, 1].flatMap((index) => block.map((part) => `blocks.${index}.${part}`)), "patch_embed.proj"];
    for (const [pooling, norm, argument] of [
      ["mean", "fc_norm", 'global_pool="avg"'],
      ["cls", "norm", 'global_pool="token"'],
    ] as const) {
      const out = temporary(`${pooling}.safetensors`);
      const { loadWith } = await exportWeights(runs[pooling], { format: "timm", out });
      const both = [...layers, norm, "head"].flatMap((name) => [`${name}.weight`, `${name}.bias`]);
      expect([...tensorsOf(out).tensors.keys()].sort()).toEqual([...both, "cls_token", "pos_embed"].sort());
      expect({ ...tensorsOf(out).metadata }).toEqual({ format: "pt", classes: JSON.stringify(classNames) });
      expect(loadWith).toBe(
        "timm.models.VisionTransformer(img_size=8, patch_size=4, embed_dim=12, depth=2, num_heads=3, mlp_ratio=2, " +
          `num_classes=4, ${argument})`,
      );
    }
  });

  test("Hugging Face's folder is a ViTForImageClassification with the names of the classes", async () => {
    const { loadWith } = await exportWeights(runs.cls, { format: "huggingface", out: temporary("hf") });
    expect(loadWith).toBe(`transformers.ViTForImageClassification.from_pretrained("${temporary("hf")}")`);
    const config = JSON.parse(readFileSync(temporary("hf", "config.json"), "utf8"));
    expect(config).toMatchObject({
      architectures: ["ViTForImageClassification"],
      model_type: "vit",
      id2label: { 0: "zebra", 1: "Äpfel & Birnen", 2: "cat", 3: "<none>" },
      label2id: { zebra: 0, "Äpfel & Birnen": 1, cat: 2, "<none>": 3 },
      hidden_size: 12,
      num_hidden_layers: 2,
      layer_norm_eps: 1e-6,
    });
    const { tensors } = tensorsOf(temporary("hf", "model.safetensors"));
    expect(tensors.get("classifier.weight")!.shape).toEqual([4, 12]);
    expect(sameBytes(tensors.get("classifier.bias")!.data as Float32Array, weights.cls.get("head.bias")!.data)).toBe(
      true,
    );
    // Our own import, whose names of Hugging Face are tested against PyTorch's files, finds the encoder again.
    const imported = readWeights(temporary("hf"));
    expect(imported.report.keys.filter(({ status }) => status !== "matched").map(({ key }) => key)).toEqual([
      "classifier.weight",
      "classifier.bias",
    ]);
    for (const [name, { data }] of imported.tensors) {
      expect(sameBytes(data, weights.cls.get(name)!.data), name).toBe(true);
    }
  });

  test.each<[string, Pooling, object, RegExp]>([
    [
      "Hugging Face's folder of pooled means",
      "mean",
      { format: "huggingface" },
      /takes the CLS token alone. Export onnx/,
    ],
    ["an encoder alone", "mean", { format: "timm", encoderOnly: true }, /Leave --encoder-only out/],
    ["another pooling", "mean", { format: "onnx", pool: "cls" }, /expected no --pool/],
    ["a student", "cls", { format: "timm", student: true }, /no student beside a teacher/],
  ])("%s is refused", async (_, pooling, options, message) => {
    const request = { out: temporary("out"), ...options } as Parameters<typeof exportWeights>[1];
    await expect(exportWeights(runs[pooling], request)).rejects.toThrow(message);
    await expect(exportWeights(`${runs[pooling]}/checkpoints/step-00000007.safetensors`, request)).rejects.toThrow(
      message,
    );
  });
});

describe.skipIf(pytorchMissing !== undefined)(`PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  /** Probabilities for the pixels, computed in float64 from a state dict. */
  function inPython(load: readonly string[], pooling: Pooling, pixels: Float32Array, file: string): number[][] {
    const program = [
      "import json, sys, torch",
      "sys.path.insert(0, 'test/reference')",
      "import finetune, tensor_file",
      ...load,
      `settings = dict(depth=2, heads=3, pooling='${pooling}')`,
      "pixels = torch.tensor(json.loads(sys.argv[2]), dtype=torch.float64).reshape(-1, 3, 8, 8)",
      "mean, std = (torch.tensor(v, dtype=torch.float64)[:, None, None] for v in ([.5, .4, .3], [.2, .25, .3]))",
      "state = {name: tensor.double() for name, tensor in state.items()}",
      "print(json.dumps(finetune.classify(state, settings, (pixels - mean) / std).softmax(dim=1).tolist()))",
    ].join("\n");
    return JSON.parse(python(program, file, JSON.stringify([...pixels])));
  }

  test.each<Pooling>(["mean", "cls"])("%s: computes the same from timm's names", async (pooling) => {
    const out = temporary("timm.pth");
    await exportWeights(runs[pooling], { format: "timm", out });
    const { pixels, probabilities } = await classified(pooling);
    expectClose(inPython(["state = torch.load(sys.argv[1], weights_only=True)"], pooling, pixels, out), probabilities);
  });

  test("computes the same from Hugging Face's names", async () => {
    await exportWeights(runs.cls, { format: "huggingface", out: temporary("hf") });
    const { pixels, probabilities } = await classified("cls");
    // Written down here, apart from the table that is tested.
    const load = [
      "arrays, _ = tensor_file.read(sys.argv[1])",
      "given = {k: torch.from_numpy(v.copy()) for k, v in arrays.items()}",
      "state = {}",
      "for kind in ('weight', 'bias'):",
      "    state[f'patch_embed.proj.{kind}'] = given[f'vit.embeddings.patch_embeddings.projection.{kind}']",
      "    state[f'norm.{kind}'] = given[f'vit.layernorm.{kind}']",
      "    state[f'head.{kind}'] = given[f'classifier.{kind}']",
      "    for i in range(2):",
      "        at = f'vit.encoder.layer.{i}.'",
      "        parts = [given[f'{at}attention.attention.{part}.{kind}'] for part in ('query', 'key', 'value')]",
      "        state[f'blocks.{i}.attn.qkv.{kind}'] = torch.cat(parts)",
      "        for ours, theirs in (('attn.proj', 'attention.output.dense'), ('norm1', 'layernorm_before'),",
      "                             ('norm2', 'layernorm_after'), ('mlp.fc1', 'intermediate.dense'), ('mlp.fc2', 'output.dense')):",
      "            state[f'blocks.{i}.{ours}.{kind}'] = given[f'{at}{theirs}.{kind}']",
      "state['cls_token'] = given['vit.embeddings.cls_token']",
      "state['pos_embed'] = given['vit.embeddings.position_embeddings']",
    ];
    expectClose(inPython(load, "cls", pixels, temporary("hf", "model.safetensors")), probabilities);
  });
});

describe("the command", () => {
  test("says the classes in the order of the outputs, and how timm takes the file", async () => {
    const { out, exitCode } = await record(["export", runs.mean, "--format", "timm", "--out", temporary("x.pth")]);
    expect(exitCode).toBe(0);
    expect(out).toContain("Classes, in the order of the outputs: zebra, Äpfel & Birnen, cat, <none>\n");
    expect(out).toMatch(/In Python: timm\.models\.VisionTransformer\(.*global_pool="avg"\)\n$/);
  });

  test("a format that cannot express the model is a misuse", async () => {
    const args = ["export", runs.mean, "--format", "huggingface", "--out", temporary("hf")];
    const { err, exitCode } = await record(args);
    expect(err).toContain("fine-tune with --set pooling=cls");
    expect(exitCode).toBe(2);
  });
});
