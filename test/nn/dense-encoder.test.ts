// The encoder for dense tasks: that it is the transferred encoder where it can be, and else what PyTorch computes.
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { type DenseEncoderOptions, denseEncoder, pyramidTaps } from "#src/nn/dense-encoder.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { resamplePositions } from "#src/nn/resample-positions.js";
import { visionTransformer } from "#src/nn/vision-transformer.js";
import { distance, evaluate, randomValues, randomWeights } from "./evaluate.js";

const shape = { imageSize: 16, patchSize: 4, width: 16, depth: 3, heads: 2, mlpRatio: 2 };
const batch = 2;

function build(options: Partial<DenseEncoderOptions>, height: number, width: number) {
  const scope = new ParameterScope();
  const encode = denseEncoder(scope, shape, { taps: [2], ...options });
  const maps = encode(input("images", [batch, height, width, 3]));
  return { parameters: scope.parameters, maps };
}

async function mapsOf(options: Partial<DenseEncoderOptions>, height: number, width: number, seed = 1) {
  const { parameters, maps } = build(options, height, width);
  const images = randomValues("images", batch * height * width * 3);
  const outputs = Object.fromEntries(maps.map((map, index) => [`map${index}`, map]));
  return Object.values(await evaluate(outputs, { ...randomWeights(parameters, seed), images }));
}

test("its last map, normalised, holds the patch tokens of the transferred encoder", async () => {
  const scope = new ParameterScope();
  const { patches } = visionTransformer(scope, shape)(input("images", [batch, 16, 16, 3]));
  const images = randomValues("images", batch * 16 * 16 * 3);
  const map = patches.transpose([1, 2, 0]).reshape([batch, 16, 4, 4]);
  const expected = await evaluate({ map }, { ...randomWeights(scope.parameters), images });
  const { parameters, maps } = build({ finalNorm: true }, 16, 16);
  expect(parameters.map(({ name }) => name)).toEqual(scope.parameters.map(({ name }) => name));
  expect(maps[0]!.shape).toEqual([batch, 16, 4, 4]);
  const [found] = await mapsOf({ finalNorm: true }, 16, 16);
  expect(found).toEqual(expected.map);
});

test("an encoder that was pre-trained with images that are no squares has its own positions at their size", async () => {
  const wide = { ...shape, imageSize: [8, 24] as const };
  const images = randomValues("images", batch * 8 * 24 * 3);
  const transferred = new ParameterScope();
  const { patches } = visionTransformer(transferred, wide)(input("images", [batch, 8, 24, 3]));
  const weights = randomWeights(transferred.parameters);
  const map = patches.transpose([1, 2, 0]).reshape([batch, 16, 2, 6]);
  const expected = await evaluate({ map }, { ...weights, images });
  const encode = denseEncoder(new ParameterScope(), wide, { taps: [2], finalNorm: true });
  const [own, square] = [encode(input("images", [batch, 8, 24, 3])), encode(input("squares", [batch, 16, 16, 3]))];
  const found = await evaluate({ own: own[0]! }, { ...weights, images });
  expect(found.own).toEqual(expected.map);

  // For squares, positions are resampled to the grid of their patches, each axis by itself.
  const [from, to] = [
    { rows: 2, columns: 6 },
    { rows: 4, columns: 4 },
  ];
  const positions = resamplePositions(weights.pos_embed as Float32Array, from, to, 16);
  const other = new ParameterScope();
  const squares = { ...wide, imageSize: 16 };
  const resized = visionTransformer(other, squares)(input("squares", [batch, 16, 16, 3])).patches;
  const pixels = randomValues("squares", batch * 16 * 16 * 3);
  const wanted = await evaluate({ map: resized }, { ...weights, pos_embed: positions, squares: pixels });
  const seen = await evaluate(
    { map: square[0]!.reshape([batch, 16, 16]).transpose([2, 0, 1]) },
    { ...weights, squares: pixels },
  );
  expect(distance(seen.map, wanted.map)).toBeLessThan(1e-5);
});

test("a map is taken after each tap, and the last block must be one of them", async () => {
  const [first, last] = await mapsOf({ taps: [0, 2] }, 16, 16);
  expect((await mapsOf({ taps: [2] }, 16, 16))[0]).toEqual(last);
  expect(distance(first!, last!)).toBeGreaterThan(0.1);
  expect(() => build({ taps: [0, 1] }, 16, 16)).toThrow(/expected taps up to the last block, 2; found 0,1/);
});

test.each([1, 2, 4, 6, 12, 24])("the taps of a pyramid over %d blocks end with the last", (depth) => {
  const taps = pyramidTaps(depth);
  expect(taps).toHaveLength(4);
  expect(taps[3]).toBe(depth - 1);
  expect([...taps].sort((a, b) => a - b)).toEqual(taps);
  if (depth === 12) expect(taps).toEqual([3, 5, 7, 11]);
});

test("sides that are no multiple of a patch are filled up with zeros", async () => {
  const images = randomValues("images", batch * 14 * 21 * 3);
  const filled = new Float32Array(batch * 16 * 24 * 3);
  for (let row = 0; row < batch * 14; row++) {
    const [image, y] = [Math.floor(row / 14), row % 14];
    filled.set(images.subarray(row * 21 * 3, (row + 1) * 21 * 3), (image * 16 + y) * 24 * 3);
  }
  const { parameters, maps } = build({}, 14, 21);
  const same = build({}, 16, 24);
  const weights = randomWeights(parameters);
  const found = await evaluate({ map: maps[0]! }, { ...weights, images });
  const expected = await evaluate({ map: same.maps[0]! }, { ...weights, images: filled });
  expect(maps[0]!.shape).toEqual([batch, 16, 4, 6]);
  expect(found).toEqual(expected);
});

describe("windows", () => {
  test.each([
    [16, 16, 4],
    [12, 20, 5],
    [16, 16, 100],
  ])("change nothing where one covers an image of %d x %d: %d patches", async (height, width, side) => {
    const windows = { side, globalBlocks: [] };
    expect(await mapsOf({ windows }, height, width)).toEqual(await mapsOf({}, height, width));
  });

  test("nor in blocks that are global, and do in others", async () => {
    const windows = { side: 2, globalBlocks: [0, 1, 2] };
    const everywhere = await mapsOf({}, 16, 24);
    expect(await mapsOf({ windows }, 16, 24)).toEqual(everywhere);
    const [within] = await mapsOf({ windows: { side: 2, globalBlocks: [2] } }, 16, 24);
    expect(distance(within!, everywhere[0]!)).toBeGreaterThan(1e-3);
  });

  test("keep what a patch shows within its window, but for CLS", async () => {
    // Without positions of CLS in other windows nothing crosses in the first block, after which CLS has seen all.
    const { parameters, maps } = build({ taps: [0, 2], windows: { side: 2, globalBlocks: [] } }, 16, 24);
    const weights = randomWeights(parameters);
    const images = randomValues("images", batch * 16 * 24 * 3);
    const changed = images.slice();
    // The last patch, at the lower right.
    for (let y = 12; y < 16; y++) changed.fill(3, (y * 24 + 20) * 3, (y * 24 + 24) * 3);
    const [before, after] = [
      await evaluate({ map: maps[0]! }, { ...weights, images }),
      await evaluate({ map: maps[0]! }, { ...weights, images: changed }),
    ];
    const differs = (row: number, column: number) => before.map[row * 6 + column] !== after.map[row * 6 + column];
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 6; column++) expect(differs(row, column)).toBe(row >= 2 && column >= 4);
    }
  });
});

describe("relative positions", () => {
  test("start as none, are one table a block, and change the attention once they are learned", async () => {
    const { parameters } = build({ relativeTo: { rows: 4, columns: 4 } }, 16, 16);
    const tables = parameters.filter(({ name }) => name.endsWith("relative_position_bias_table"));
    expect(tables.map(({ name }) => name)).toEqual(
      [0, 1, 2].map((n) => `blocks.${n}.attn.relative_position_bias_table`),
    );
    const [table] = tables;
    expect([table!.tensor.shape, table!.decay]).toEqual([[7 * 7 + 3, 2], false]);
    expect(Math.max(...table!.initialize(table!.tensor.shape, undefined as never))).toBe(0);

    const { maps } = build({ relativeTo: { rows: 4, columns: 4 } }, 16, 16);
    const weights = randomWeights(parameters);
    const images = randomValues("images", batch * 16 * 16 * 3);
    const none = Object.fromEntries(tables.map(({ name, tensor }) => [name, new Float32Array(tensor.size)]));
    const plain = await mapsOf({}, 16, 16);
    const zero = await evaluate({ map: maps[0]! }, { ...weights, ...none, images });
    expect(distance(zero.map, plain[0]!)).toBeLessThan(1e-6);
    const learned = await evaluate({ map: maps[0]! }, { ...weights, images });
    expect(distance(learned.map, plain[0]!)).toBeGreaterThan(1e-3);
  });
});
