// The encoder as it is transferred: its parameters, its positions, and that it is the one that was pre-trained.
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
  expect([...values.subarray(16)]).toEqual([...sinCosPositions(16, 3)]);
});

test("is the pre-trained encoder over all patches in order where CLS has no position", async () => {
  const { parameters, cls, patches } = build();
  const weights = randomWeights(parameters);
  weights.pos_embed = new Float32Array(10 * 16);
  weights.pos_embed.set(sinCosPositions(16, 3), 16);
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
