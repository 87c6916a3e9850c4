// Attention against a computation for each head in plain numbers.
import fc from "fast-check";
import { expect, test } from "vitest";
import { constant, input, type Tensor } from "#src/graph/index.js";
import { attention } from "#src/nn/attention.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { distance, evaluate, randomValues, randomWeights } from "./evaluate.js";
import { type AttentionWeights, plainAttention } from "./plain-transformer.js";

const sizes = fc.record({
  tokens: fc.integer({ min: 1, max: 6 }),
  batch: fc.integer({ min: 1, max: 3 }),
  heads: fc.integer({ min: 1, max: 3 }),
  headWidth: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(1000),
});

test("equals softmax(Q K^T / sqrt(d)) V of each head, then the projection", () =>
  fc.assert(
    fc.asyncProperty(sizes, async ({ tokens, batch, heads, headWidth, seed }) => {
      const width = heads * headWidth;
      const scope = new ParameterScope();
      const y = attention(scope, width, heads)(input("x", [tokens, batch, width]));
      expect(y.shape).toEqual([tokens, batch, width]);
      const weights = randomWeights(scope.parameters, seed, 0.7);
      const x = randomValues("x", tokens * batch * width, seed);
      const result = await evaluate({ y }, { ...weights, x });
      const wanted = plainAttention(x, { tokens, batch, width, heads }, weights as unknown as AttentionWeights);
      expect(distance(result.y, wanted)).toBeLessThan(1e-5);
    }),
    { numRuns: 12 },
  ));

test("an exclusion sees the scaled logits [batch, heads, queries, keys], and what it excludes gets no weight", async () => {
  const [tokens, batch, heads, width] = [5, 2, 2, 8];
  const scope = new ParameterScope();
  const shapes: (readonly number[])[] = [];
  // Keys after the query are excluded: attention as in a decoder of text.
  const later = Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? 1 : 0));
  const exclude = (logits: Tensor) => {
    shapes.push(logits.shape);
    return constant(later, [tokens, tokens], "bool");
  };
  const y = attention(scope, width, heads)(input("x", [tokens, batch, width]), { exclude });
  expect(shapes).toEqual([[batch, heads, tokens, tokens]]);
  const weights = randomWeights(scope.parameters);
  const x = randomValues("x", tokens * batch * width);
  const result = await evaluate({ y }, { ...weights, x });
  const wanted = plainAttention(
    x,
    { tokens, batch, width, heads },
    weights as unknown as AttentionWeights,
    (_image, _head, query, key) => key <= query,
  );
  expect(distance(result.y, wanted)).toBeLessThan(1e-5);
});
