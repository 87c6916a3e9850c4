// Names, shapes and weight decay of a model's parameters, as the official checkpoints have them.
import { describe, expect, test } from "vitest";
import { ProgramError } from "#src/graph/index.js";
import { decoder } from "#src/nn/decoder.js";
import { encoder } from "#src/nn/encoder.js";
import { zeros } from "#src/nn/initializers.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { type ModelShape, modelPresets } from "#src/nn/presets.js";

function maeParameters(shape: ModelShape) {
  const scope = new ParameterScope();
  encoder(scope, shape);
  decoder(scope, shape);
  return scope.parameters;
}

function weightAndBias(...layers: string[]): string[] {
  return layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
}

/** The names in facebookresearch/mae's checkpoints, without the fixed positions, which are not trained. */
function officialNames({ depth, decoderDepth }: ModelShape): string[] {
  const block = (name: string) =>
    weightAndBias(
      ...["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"].map((layer) => `${name}.${layer}`),
    );
  const numbered = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => block(`${name}.${index}`)).flat();
  return [
    "cls_token",
    ...weightAndBias("patch_embed.proj"),
    ...numbered("blocks", depth),
    ...weightAndBias("norm"),
    "mask_token",
    ...weightAndBias("decoder_embed"),
    ...numbered("decoder_blocks", decoderDepth),
    ...weightAndBias("decoder_norm", "decoder_pred"),
  ];
}

describe("a model's parameters", () => {
  test("have the names of the official checkpoints", () => {
    for (const preset of ["micro", "base"] as const) {
      const shape = modelPresets[preset];
      expect(maeParameters(shape).map(({ name }) => name)).toEqual(officialNames(shape));
    }
  });

  test("of ViT-Base with its decoder are 111,907,840 values, the fixed positions included", () => {
    const shape = modelPresets.base;
    const trained = maeParameters(shape).reduce((total, { tensor }) => total + tensor.size, 0);
    const tokens = 1 + (shape.imageSize / shape.patchSize) ** 2;
    expect(trained + tokens * (shape.width + shape.decoderWidth)).toBe(111_907_840);
  });

  test("have the shapes of the official checkpoints", () => {
    const shapes = Object.fromEntries(maeParameters(modelPresets.base).map(({ name, tensor }) => [name, tensor.shape]));
    expect(shapes).toMatchObject({
      cls_token: [1, 1, 768],
      mask_token: [1, 1, 512],
      "patch_embed.proj.weight": [768, 3, 16, 16],
      "blocks.11.attn.qkv.weight": [2304, 768],
      "blocks.11.mlp.fc1.weight": [3072, 768],
      "decoder_embed.weight": [512, 768],
      "decoder_blocks.7.mlp.fc2.weight": [512, 2048],
      "decoder_pred.weight": [768, 512],
    });
  });

  test("decay where they have two or more axes: tokens too, biases and norms not", () => {
    for (const { name, decay } of maeParameters(modelPresets.micro)) {
      expect(decay, name).toBe(/_token$/.test(name) || (/\.weight$/.test(name) && !/norm/.test(name)));
    }
  });
});

describe("ParameterScope", () => {
  test("prefixes names by the path of scopes and keeps the order of making", () => {
    const scope = new ParameterScope();
    scope.create("first", [2], zeros);
    const inner = scope.in("outer").in("inner");
    const tensor = inner.create("weight", [2, 3], zeros);
    scope.create("last", [2, 2], zeros, { decay: false });
    expect(scope.parameters.map(({ name, decay }) => [name, decay])).toEqual([
      ["first", false],
      ["outer.inner.weight", true],
      ["last", false],
    ]);
    expect(tensor.shape).toEqual([2, 3]);
    expect(String(tensor)).toContain("outer.inner.weight");
    expect(inner.parameters).toBe(scope.parameters);
  });

  test("refuses names that a program cannot have", () => {
    expect(() => new ParameterScope().create("two words", [1], zeros)).toThrow(ProgramError);
  });
});
