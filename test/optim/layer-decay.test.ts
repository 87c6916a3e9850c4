// Layer-wise learning rates against values computed by hand.
import { expect, test } from "vitest";
import { classifier, fineTuned } from "#src/heads/classifier.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { layerDecayScale } from "#src/optim/layer-decay.js";

test("falls from the head, at 1, to what makes tokens of pixels", () => {
  // Depth 2: the head has id 3, so that the scales are 0.5^0, 0.5^1 and 0.5^2 for blocks 1 and 0, and 0.5^3.
  const wanted: Readonly<Record<string, number>> = {
    "head.weight": 1,
    "fc_norm.bias": 1,
    "norm.weight": 1,
    "blocks.1.mlp.fc2.weight": 0.5,
    "blocks.0.norm1.bias": 0.25,
    "patch_embed.proj.weight": 0.125,
    cls_token: 0.125,
    pos_embed: 0.125,
  };
  for (const [name, scale] of Object.entries(wanted)) expect(layerDecayScale(name, 2, 0.5), name).toBe(scale);
  // MAE's for ViT-Base.
  expect(layerDecayScale("blocks.0.attn.qkv.weight", 12, 0.65)).toBeCloseTo(0.65 ** 12, 12);
  expect(layerDecayScale("blocks.11.attn.qkv.weight", 12, 0.65)).toBeCloseTo(0.65, 12);
  expect(layerDecayScale("patch_embed.proj.bias", 12, 1)).toBe(1);
});

test("groups a classifier's parameters by rate, and by whether they decay", () => {
  const scope = new ParameterScope();
  const encoder = { imageSize: 8, patchSize: 4, width: 12, depth: 1, heads: 2, mlpRatio: 2 };
  classifier(scope, { encoder, classes: 3, pooling: "mean" });
  const groups = new Map<string, string[]>();
  for (const { name, decay, learningRateScale } of fineTuned(scope.parameters, 1, 0.5)) {
    const key = `${learningRateScale} ${decay ? "decays" : "stays"}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  expect(Object.fromEntries([...groups].map(([key, names]) => [key, names.sort()]))).toEqual({
    "0.25 decays": ["patch_embed.proj.weight"],
    "0.25 stays": ["cls_token", "patch_embed.proj.bias", "pos_embed"],
    "0.5 decays": ["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2"].map((layer) => `blocks.0.${layer}.weight`),
    "0.5 stays": ["attn.proj", "attn.qkv", "mlp.fc1", "mlp.fc2", "norm1", "norm1", "norm2", "norm2"]
      .map((layer, place) => `blocks.0.${layer}.${place === 5 || place === 7 ? "weight" : "bias"}`)
      .sort(),
    "1 decays": ["head.weight"],
    "1 stays": ["fc_norm.bias", "fc_norm.weight", "head.bias"],
  });
});
