// Weights that PyTorch wrote, under the names of MAE, timm, DINO, iBOT and Hugging Face, become checkpoints of ours.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImportOptions, importWeights, readWeights } from "#src/exchange/import-weights.js";
import { encodeSafetensors, joinSafetensors, type SafetensorsEntry } from "#src/formats/safetensors.js";
import { encodeTorchFile } from "#src/formats/torch-writer.js";
import { evaluatePretext } from "#src/methods/pretext-evaluation.js";
import { resamplePositions } from "#src/nn/resample-positions.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { expectSurvival } from "../formats/mutations.js";
import { pytorchMissing } from "../pytorch.js";
import { decoderShape, makeWeightsFiles, sameBytes, shape, type WeightsFiles } from "./weights-files.js";

const heads = { heads: 3, decoderHeads: 2 };
const temporary = temporaryFolder();

describe.skipIf(pytorchMissing !== undefined)(`imported weights${pytorchMissing ? ` (${pytorchMissing})` : ""}`, () => {
  let files: WeightsFiles;
  beforeAll(() => {
    files = makeWeightsFiles();
  });
  afterAll(() => rmSync(files.folder, { recursive: true }));

  const expectModel = (name: string, options: ImportOptions, expected: string) => {
    const { report, tensors } = readWeights(files.path(name), { ...heads, ...options });
    const model = files.model(expected);
    expect(new Set(tensors.keys())).toEqual(new Set(model.keys()));
    for (const [key, { shape, data }] of model) {
      expect(tensors.get(key)!.shape, key).toEqual(shape);
      expect(sameBytes(tensors.get(key)!.data, data), key).toBe(true);
    }
    return report;
  };
  const unused = ({ keys }: ReturnType<typeof expectModel>) =>
    keys.filter(({ status }) => status === "unused").map(({ key }) => key);

  test("a full checkpoint of MAE, byte for byte, with every key in the report", async () => {
    const report = expectModel("mae.pth", {}, "mae");
    expect(report.model).toMatchObject({ shape, decoder: decoderShape, background: [255, 255, 255] });
    expect(report).toMatchObject({ format: "PyTorch file", entry: "model", layout: "official", prefix: "" });
    expect(report.keys.filter(({ status }) => status === "matched")).toHaveLength(files.model("mae").size);
    expect(unused(report)).toEqual(
      ["optimizer", "epoch", "scaler", "args"].map((key) => `${key} (an entry of the file)`),
    );
    expect(report.notes).toContain("positions are MAE's fixed sine-cosine ones");
    await importWeights(files.path("mae.pth"), temporary("mae.safetensors"), heads);
    const loaded = await loadPretrained(temporary("mae.safetensors"));
    expect(loaded).toMatchObject({ shape, decoder: decoderShape, origin: temporary("mae.safetensors") });
    for (const [key, { data }] of files.model("mae")) expect(sameBytes(loaded.tensors.get(key)!.data, data)).toBe(true);
  });

  test("our MAE on imported weights has the loss of MAE's forward in PyTorch, with the same mask", async () => {
    const { tensors } = readWeights(files.path("mae.pth"), heads);
    const parameters = Object.fromEntries(
      [...tensors].filter(([name]) => !name.endsWith("pos_embed")).map(([name, { data }]) => [name, data]),
    );
    const { loss } = await evaluatePretext({
      shape: { ...shape, ...decoderShape },
      method: { name: "mae", options: { maskRatio: 0.75, normPixels: true } },
      parameters,
      images: files.expected("images"),
      batch: 3,
      plan: Int32Array.from(files.expected("keep"), Number),
    });
    const [expected = 0] = files.expected("loss");
    expect(Math.abs(loss - expected) / expected).toBeLessThan(1e-5);
  });

  test("an encoder alone, and a full checkpoint of which only the encoder is wanted", () => {
    expect(readWeights(files.path("encoder.pth"), heads).report.model.decoder).toBe(undefined);
    const { report, tensors } = readWeights(files.path("mae.pth"), { ...heads, encoderOnly: true });
    expect(report.model.decoder).toBe(undefined);
    expect([...tensors.keys()].filter((name) => /decoder|mask/.test(name))).toEqual([]);
    expect(unused(report)).toContain("decoder_blocks.0.attn.qkv.weight");
  });

  test.each(["half", "bfloat16"])("%s becomes float32 exactly", (name) => {
    const report = expectModel(`${name}.pth`, {}, name);
    expect(report.notes).toContain(`values of ${name === "half" ? "float16" : name} are stored as float32`);
  });

  test("DINO: the teacher by default, the student if asked, each with its prefix", () => {
    const teacher = expectModel("dino.pth", {}, "teacher");
    expect(teacher).toMatchObject({ entry: "teacher", prefix: "backbone." });
    expect(unused(teacher)).toContain("head.mlp.0.weight");
    expect(unused(teacher)).toContain("student (an entry of the file)");
    const student = expectModel("dino.pth", { entry: "student" }, "student");
    expect(student).toMatchObject({ entry: "student", prefix: "module.backbone." });
    expect(unused(student)).toContain("module.head.last_layer.weight_g");
  });

  test("iBOT and timm, with what belongs to no encoder listed as unused", () => {
    expect(unused(expectModel("ibot.pth", {}, "teacher"))).toEqual(["masked_embed"]);
    expect(unused(expectModel("timm.pth", {}, "teacher"))).toEqual(["head.weight", "head.bias"]);
  });

  test("Hugging Face's ViTMAE and ViT: split projections are joined, heads and normalisation come from the folder", () => {
    const mae = expectModel("vit-mae", { heads: undefined, decoderHeads: undefined }, "mae");
    expect(mae.model).toMatchObject({ shape, decoder: decoderShape });
    expect(mae.model.normalization).toEqual({ mean: [0.5, 0.4, 0.3], std: [0.5, 0.6, 0.7] });
    expect(mae.keys).toContainEqual({
      key: "vit.encoder.layer.0.attention.attention.key.bias",
      status: "matched",
      note: "as blocks.0.attn.qkv.bias, part 2 of 3",
    });
    const vit = expectModel("vit", { heads: undefined, decoderHeads: undefined }, "teacher");
    expect(vit.model.decoder).toBe(undefined);
    expect(() => readWeights(files.path("beit"))).toThrow('expected one of "vit"|"vit_mae"');
  });

  test("a model without biases of q, k, v has zeros for them; positions without CLS get a zero row", () => {
    const { report, tensors } = readWeights(files.path("no-bias.pth"), heads);
    expect(tensors.get("blocks.1.attn.qkv.bias")!.data.every((value) => value === 0)).toBe(true);
    expect(report.keys.filter(({ status }) => status === "missing")).toHaveLength(2);
    const positions = readWeights(files.path("no-cls-position.pth"), heads).tensors.get("pos_embed")!;
    expect(positions.shape).toEqual([1, 17, 24]);
    expect(positions.data.subarray(0, 24).every((value) => value === 0)).toBe(true);
    expect(sameBytes(positions.data.subarray(24), files.expected("teacher/pos_embed").subarray(24))).toBe(true);
  });

  test.each([2, 3, 7, 16])("positions resampled to %i x that are PyTorch's", (side) => {
    const expected = files.expected(`resampled/${side}`);
    const { report, tensors } = readWeights(files.path("timm.pth"), { ...heads, imageSize: 4 * side });
    const found = tensors.get("pos_embed")!.data;
    expect(found.length).toBe(expected.length);
    expect(Math.max(...found.map((value, index) => Math.abs(value - expected[index]!)))).toBeLessThan(2e-6);
    expect(report.model.shape.imageSize).toBe(4 * side);
    expect(report.keys).toContainEqual({
      key: "pos_embed",
      status: "reshaped",
      note: `resampled from 4 x 4 to ${side} x ${side}`,
    });
  });

  test.each<[string, string, ImportOptions, string]>([
    ["layer scale", "layer-scale.pth", heads, "blocks.0.ls1.gamma belongs to layer scale"],
    ["a fine-tuned model", "fine-tuned.pth", heads, "has fc_norm instead"],
    ["several models", "two.pth", heads, "several sets of weights: a, b. Choose one with --entry"],
    ["an entry that is not there", "two.pth", { entry: "c" }, "it has no weights under c; it has them under a, b"],
    ["unknown heads", "timm.pth", {}, "0.375 does not divide 24 channels. Give it with --heads"],
    ["heads that do not divide", "timm.pth", { heads: 5 }, "5 does not divide 24"],
    [
      "an image size of no whole patches",
      "timm.pth",
      { ...heads, imageSize: 18 },
      "a multiple of the patches of 4; found 18",
    ],
    ["an absurd image size", "timm.pth", { ...heads, imageSize: 4_000_000 }, "too many patches"],
    ["a prefix that is not there", "timm.pth", { prefix: "x." }, 'no name begins with x.; encoders are under ""'],
  ])("refuses %s", (_, name, options, words) => {
    expect(() => readWeights(files.path(name), options)).toThrow(words);
  });
});

test("resampling to the same size changes nothing", () => {
  const values = Float32Array.from({ length: 5 * 4 }, (_, index) => Math.sin(index));
  expect(resamplePositions(values, { rows: 2, columns: 2 }, { rows: 2, columns: 2 }, 4)).toEqual(values);
});

describe("files without PyTorch", () => {
  const tiny = new Map(
    Object.entries({
      cls_token: [1, 1, 4],
      pos_embed: [1, 5, 4],
      "patch_embed.proj.weight": [4, 3, 2, 2],
      "patch_embed.proj.bias": [4],
      "blocks.0.norm1.weight": [4],
      "blocks.0.norm1.bias": [4],
      "blocks.0.attn.qkv.weight": [12, 4],
      "blocks.0.attn.qkv.bias": [12],
      "blocks.0.attn.proj.weight": [4, 4],
      "blocks.0.attn.proj.bias": [4],
      "blocks.0.norm2.weight": [4],
      "blocks.0.norm2.bias": [4],
      "blocks.0.mlp.fc1.weight": [8, 4],
      "blocks.0.mlp.fc1.bias": [8],
      "blocks.0.mlp.fc2.weight": [4, 8],
      "blocks.0.mlp.fc2.bias": [4],
      "norm.weight": [4],
      "norm.bias": [4],
    }).map(([name, shape]) => {
      const size = shape.reduce((product, each) => product * each, 1);
      return [name, { shape, data: new Float32Array(size).fill(0.5) }] as const;
    }),
  );
  const entries = (dtype: "F32" | "F16" | "BF16" | "I32" = "F32") =>
    [...tiny].map(([name, { shape, data }]) => {
      const values =
        dtype === "F32"
          ? data
          : dtype === "I32"
            ? new Int32Array(data.length)
            : new Uint16Array(data.length).fill(dtype === "F16" ? 0x3800 : 0x3f00);
      return { name, dtype, shape, data: values } as SafetensorsEntry;
    });
  const safetensors = (list: readonly SafetensorsEntry[], metadata?: Record<string, string>) => {
    writeFileSync(temporary("x.safetensors"), joinSafetensors(encodeSafetensors(list, metadata)));
    return temporary("x.safetensors");
  };

  const otherFile = () => {
    writeFileSync(temporary("x.h5"), "\x89HDF\r\n\x1a\nmore than sixteen bytes");
    return temporary("x.h5");
  };

  test.each(["F32", "F16", "BF16"] as const)("safetensors of %s", (dtype) => {
    const { tensors, report } = readWeights(safetensors(entries(dtype)), { heads: 2 });
    expect(report.model.shape).toEqual({ imageSize: 4, patchSize: 2, width: 4, depth: 1, heads: 2, mlpRatio: 2 });
    expect([...tensors.values()].every(({ data }) => data.every((value) => value === 0.5))).toBe(true);
  });

  test("a Hugging Face folder with safetensors, and folders that are none", () => {
    mkdirSync(temporary("hf"));
    expect(() => readWeights(temporary("hf"))).toThrow("expected a Hugging Face folder with a config.json");
    writeFileSync(temporary("hf", "config.json"), "{");
    expect(() => readWeights(temporary("hf"))).toThrow("config.json: it is not valid JSON");
    writeFileSync(
      temporary("hf", "config.json"),
      '{"model_type": "vit", "num_attention_heads": 2, "hidden_act": "relu"}',
    );
    expect(() => readWeights(temporary("hf"))).toThrow("hidden_act");
    writeFileSync(temporary("hf", "config.json"), '{"model_type": "vit", "num_attention_heads": 2}');
    expect(() => readWeights(temporary("hf"))).toThrow("found neither");
    writeFileSync(temporary("hf", "model.safetensors.index.json"), "{}");
    expect(() => readWeights(temporary("hf"))).toThrow("split over several files");
    writeFileSync(temporary("hf", "model.safetensors"), readFileSync(safetensors(entries())));
    expect(readWeights(temporary("hf")).report.notes[0]).toBe("2 heads, by config.json");
  });

  test.each<[string, () => string, string]>([
    ["whole numbers", () => safetensors(entries("I32")), "to hold floats; found int32"],
    [
      "a tensor that lacks",
      () => safetensors(entries().filter(({ name }) => name !== "blocks.0.attn.proj.bias")),
      "it has no blocks.0.attn.proj.bias",
    ],
    [
      "no transformer",
      () => safetensors([{ name: "conv1.weight", dtype: "F32", shape: [1], data: new Float32Array(1) }]),
      "cls_token among them; found conv1.weight",
    ],
    [
      "a checkpoint of ours",
      () => safetensors(entries(), { format: "mixedae-checkpoint" }),
      "a checkpoint of mixedae already",
    ],
    [
      "a description that is none",
      () => safetensors(entries(), { model: "{}" }),
      "description of the model is not valid",
    ],
    [
      "a wrong shape",
      () =>
        safetensors(
          entries().map((entry) =>
            entry.name === "norm.bias" ? { ...entry, shape: [2, 2] } : entry,
          ) as SafetensorsEntry[],
        ),
      "expected norm.bias to make the shape [4]; found [2, 2]",
    ],
    ["another kind of file", () => otherFile(), "neither a PyTorch file"],
    ["a missing file", () => temporary("none.pth"), "Cannot read"],
  ])("refuses %s", (_, make, words) => {
    expect(() => readWeights(make(), { heads: 2 })).toThrow(words);
    expect(existsSync(temporary("out.safetensors"))).toBe(false);
  });

  test("2,000 damaged files in two formats are imported or refused", () => {
    const path = temporary("damaged");
    const torch = new Uint8Array(Buffer.concat(encodeTorchFile(new Map([["model", tiny]]))));
    const files = [torch, joinSafetensors(encodeSafetensors(entries()))];
    expectSurvival(files, 2000, (bytes) => {
      writeFileSync(path, bytes);
      readWeights(path, { heads: 2 });
    });
  });
});
