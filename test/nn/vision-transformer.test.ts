// The encoder as it is transferred: its parameters, its positions, drop path, and that it is the one that was pre-trained.
import { expect, test } from "vitest";
import { input, patchify } from "#src/graph/index.js";
import { encoder } from "#src/nn/encoder.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { sinCosPositions } from "#src/nn/positions.js";
import { visionTransformer } from "#src/nn/vision-transformer.js";
import { distance, evaluate, randomValues, randomWeights } from "./evaluate.js";

const shape = { imageSize: 12, patchSize: 4, width: 16, depth: 2, heads: 2, mlpRatio: 2 };
const batch = 3;
const images = randomValues("images", batch * 12 * 12 * 3);

function build() {
  const scope = new ParameterScope();
  const encode = visionTransformer(scope, shape);
  return { parameters: scope.parameters, ...encode(input("images", [batch, 12, 12, 3])) };
}

test("has the pre-trained encoder's parameters and its positions, which start as MAE's", () => {
  const { parameters, cls, patches } = build();
  const scope = new ParameterScope();
  encoder(scope, shape);
  const names = scope.parameters.map(({ name }) => name);
  expect(parameters.map(({ name }) => name)).toEqual([...names, "pos_embed"]);
  expect([cls.shape, patches.shape]).toEqual([
    [batch, 16],
    [9, batch, 16],
  ]);
  const positions = parameters.at(-1)!;
  expect([positions.tensor.shape, positions.decay]).toEqual([[1, 10, 16], false]);
  const values = positions.initialize(positions.tensor.shape, undefined as never);
  expect([...values.subarray(0, 16)]).toEqual(new Array(16).fill(0));
  expect([...values.subarray(16)]).toEqual([...sinCosPositions(16, { rows: 3, columns: 3 })]);
});

test("is the pre-trained encoder over all patches in order where CLS has no position", async () => {
  const { parameters, cls, patches } = build();
  const weights = randomWeights(parameters);
  weights.pos_embed = new Float32Array(10 * 16);
  weights.pos_embed.set(sinCosPositions(16, { rows: 3, columns: 3 }), 16);
  const transferred = await evaluate({ cls, patches }, { ...weights, images });

  const pretrained = encoder(new ParameterScope(), shape);
  const tokens = pretrained.embed(patchify(input("images", [batch, 12, 12, 3]), 4));
  const encoded = pretrained.encode(tokens.add(pretrained.positions.reshape([9, 1, 16])));
  const result = await evaluate({ encoded }, { ...weights, images });
  expect([...transferred.cls, ...transferred.patches]).toEqual(result.encoded);
});

test("adds the position of CLS to CLS, and each other row to its own patch", async () => {
  const { parameters, cls, patches } = build();
  const weights = randomWeights(parameters);
  const moved: Record<string, Float32Array> = { ...weights, pos_embed: Float32Array.from(weights.pos_embed!) };
  moved.cls_token = weights.cls_token!.map((value, channel) => value + weights.pos_embed![channel]!);
  moved.pos_embed!.fill(0, 0, 16);
  const [found, same] = [
    await evaluate({ cls, patches }, { ...weights, images }),
    await evaluate({ cls, patches }, { ...moved, images }),
  ];
  expect(distance(found.cls, same.cls)).toBeLessThan(1e-6);
  expect(distance(found.patches, same.patches)).toBeLessThan(1e-6);

  const shifted = { ...weights, pos_embed: Float32Array.from(weights.pos_embed!) };
  shifted.pos_embed[5 * 16 + 3]! += 1;
  const other = await evaluate({ patches }, { ...shifted, images });
  const change = Array.from({ length: 9 }, (_, patch) =>
    Math.max(
      ...Array.from({ length: batch * 16 }, (_, i) =>
        Math.abs(found.patches[patch * batch * 16 + i]! - other.patches[patch * batch * 16 + i]!),
      ),
    ),
  );
  expect(change.indexOf(Math.max(...change))).toBe(4);
});

test("multiplies each image's branches by their scales, block by block", async () => {
  const scope = new ParameterScope();
  const encode = visionTransformer(scope, shape);
  const pixels = input("images", [batch, 12, 12, 3]);
  const weights = randomWeights(scope.parameters);
  const run = async (scales: readonly (readonly number[])[]) => {
    const { patches } = encode(pixels, input("scales", [batch, 2, 2]));
    const found = await evaluate({ patches }, { ...weights, images, scales: Float32Array.from(scales.flat()) });
    return [0, 1, 2].map((image) =>
      Array.from({ length: 9 * 16 }, (_, i) => found.patches[(Math.floor(i / 16) * batch + image) * 16 + (i % 16)]!),
    );
  };
  const { patches } = encode(pixels);
  const plain = (await evaluate({ patches }, { ...weights, images })).patches;
  const ones = await run([
    [1, 1, 1, 1],
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ]);
  expect(ones[2]![0]).toBeCloseTo(plain[2 * 16]!, 5);

  // Doubling a branch is doubling its last weights, for the image whose branch it is and for no other.
  const places = ["blocks.0.attn.proj", "blocks.0.mlp.fc2", "blocks.1.attn.proj", "blocks.1.mlp.fc2"];
  for (const [place, name] of places.entries()) {
    const doubled = { ...weights };
    for (const part of ["weight", "bias"]) {
      doubled[`${name}.${part}`] = weights[`${name}.${part}`]!.map((value) => 2 * value);
    }
    const scales = [1, 1, 1, 1].map((one, index) => (index === place ? 2 : one));
    const found = await run([[1, 1, 1, 1], scales, [1, 1, 1, 1]]);
    const wanted = (await evaluate({ patches }, { ...doubled, images })).patches;
    const secondImage = Array.from(
      { length: 9 * 16 },
      (_, i) => wanted[(Math.floor(i / 16) * batch + 1) * 16 + (i % 16)]!,
    );
    expect(distance(found[1]!, secondImage), name).toBeLessThan(1e-6);
    expect(distance(found[1]!, ones[1]!), name).toBeGreaterThan(1e-3);
    expect([found[0], found[2]], name).toEqual([ones[0], ones[2]]);
  }
});

test("leaves the final norm out where it is not wanted", async () => {
  const scope = new ParameterScope();
  const { patches } = visionTransformer(scope, shape, { finalNorm: false })(input("images", [batch, 12, 12, 3]));
  expect(scope.parameters.filter(({ name }) => name.startsWith("norm."))).toEqual([]);
  const normed = build();
  const weights = randomWeights(normed.parameters);
  const plain = await evaluate({ patches }, { ...weights, images });
  const normalised = patches.layerNorm(input("norm.weight", [16]), input("norm.bias", [16]), 1e-6);
  const [found, wanted] = [
    await evaluate({ normalised }, { ...weights, images }),
    await evaluate({ patches: normed.patches }, { ...weights, images }),
  ];
  expect(distance(found.normalised, wanted.patches)).toBeLessThan(1e-6);
  expect(distance(plain.patches, wanted.patches)).toBeGreaterThan(1e-2);
});
