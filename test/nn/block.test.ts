// The transformer block against the same in plain numbers.
import { expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { block, blocks } from "#src/nn/block.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { gelu } from "../graph/special-functions.js";
import { distance, evaluate, randomValues, randomWeights } from "./evaluate.js";
import { plainAttention, plainLayerNorm, plainLinear } from "./plain-transformer.js";

test("adds attention and then the MLP to its input, each of the normalised tokens", async () => {
  const [tokens, batch, width, heads] = [4, 2, 6, 2];
  const scope = new ParameterScope();
  const y = block(scope, { width, heads, mlpRatio: 1.5 })(input("x", [tokens, batch, width]));
  const weights = randomWeights(scope.parameters);
  const x = randomValues("x", tokens * batch * width);
  const result = await evaluate({ y }, { ...weights, x });

  const w = (name: string) => weights[name]!;
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: tokens * batch }, (_, row) => Array.from(values).slice(row * width, (row + 1) * width));
  const normalised = rows(x).flatMap((row) => plainLayerNorm(row, w("norm1.weight"), w("norm1.bias")));
  const attention = plainAttention(
    normalised,
    { tokens, batch, width, heads },
    {
      "qkv.weight": w("attn.qkv.weight"),
      "qkv.bias": w("attn.qkv.bias"),
      "proj.weight": w("attn.proj.weight"),
      "proj.bias": w("attn.proj.bias"),
    },
  );
  const attended = Array.from(x, (value, index) => value + attention[index]!);
  const wanted = rows(attended).flatMap((row) => {
    const hidden = plainLinear(
      plainLayerNorm(row, w("norm2.weight"), w("norm2.bias")),
      w("mlp.fc1.weight"),
      w("mlp.fc1.bias"),
    );
    expect(hidden).toHaveLength(9);
    const mlp = plainLinear(hidden.map(gelu), w("mlp.fc2.weight"), w("mlp.fc2.bias"));
    return row.map((value, index) => value + mlp[index]!);
  });
  expect(distance(result.y, wanted)).toBeLessThan(1e-5);
});

test("blocks are numbered from 0", () => {
  const scope = new ParameterScope();
  expect(blocks(scope, "blocks", 3, { width: 4, heads: 1, mlpRatio: 1 })).toHaveLength(3);
  const prefixes = new Set(scope.parameters.map(({ name }) => name.split(".").slice(0, 2).join(".")));
  expect([...prefixes]).toEqual(["blocks.0", "blocks.1", "blocks.2"]);
});
