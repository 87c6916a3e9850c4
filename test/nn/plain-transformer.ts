// Pieces of a transformer written out in plain numbers, for comparison.

export interface Sizes {
  readonly tokens: number;
  readonly batch: number;
  readonly width: number;
  readonly heads: number;
}

export type AttentionWeights = Readonly<
  Record<"qkv.weight" | "qkv.bias" | "proj.weight" | "proj.bias", ArrayLike<number>>
>;

/** Whether a query may attend to a key. */
export type Permission = (image: number, head: number, query: number, key: number) => boolean;

/** One row [inputs] times the transposed weight [outputs, inputs], plus bias. */
export function plainLinear(row: readonly number[], weight: ArrayLike<number>, bias: ArrayLike<number>): number[] {
  return Array.from({ length: bias.length }, (_, output) =>
    row.reduce((sum, value, index) => sum + value * weight[output * row.length + index]!, bias[output]!),
  );
}

export function plainLayerNorm(
  row: readonly number[],
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  epsilon = 1e-6,
): number[] {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return row.map((value, index) => ((value - mean) / Math.sqrt(variance + epsilon)) * weight[index]! + bias[index]!);
}

/** x [tokens, batch, width], row by row. */
export function plainAttention(
  x: ArrayLike<number>,
  { tokens, batch, width, heads }: Sizes,
  weights: AttentionWeights,
  allowed: Permission = () => true,
): number[] {
  const size = width / heads;
  const rowOf = (token: number, image: number) =>
    Array.from({ length: width }, (_, channel) => x[(token * batch + image) * width + channel]!);
  const result = new Array<number>(tokens * batch * width);
  for (let image = 0; image < batch; image++) {
    const projected = Array.from({ length: tokens }, (_, token) =>
      plainLinear(rowOf(token, image), weights["qkv.weight"], weights["qkv.bias"]),
    );
    // The fused projection holds all queries, then all keys, then all values; heads are consecutive within each.
    const part = (token: number, which: 0 | 1 | 2, head: number) =>
      projected[token]!.slice(which * width + head * size, which * width + (head + 1) * size);
    for (let query = 0; query < tokens; query++) {
      const attended: number[] = [];
      for (let head = 0; head < heads; head++) {
        const q = part(query, 0, head);
        const scores = projected.map((_, key) =>
          allowed(image, head, query, key)
            ? Math.exp(part(key, 1, head).reduce((sum, value, i) => sum + value * q[i]!, 0) / Math.sqrt(size))
            : 0,
        );
        const total = scores.reduce((sum, score) => sum + score, 0);
        for (let i = 0; i < size; i++) {
          attended.push(scores.reduce((sum, score, key) => sum + (score / total) * part(key, 2, head)[i]!, 0));
        }
      }
      const output = plainLinear(attended, weights["proj.weight"], weights["proj.bias"]);
      for (const [channel, value] of output.entries()) result[(query * batch + image) * width + channel] = value;
    }
  }
  return result;
}
