// A vision transformer's forward pass written out in plain numbers, with all that its patches attend to.
import { sizeOf } from "#src/data/image-size.js";
import type { PretrainedModel } from "#src/training/pretrained.js";
import { gelu } from "../../graph/special-functions.js";
import { plainLayerNorm, plainLinear } from "../../nn/plain-transformer.js";

/** The forward pass in plain loops: attention between patches by block [images, heads, L, L], and features of all patches. */
export function plainEncoder({ shape, normalization, tensors }: PretrainedModel, pixels: Uint8Array) {
  const { width: D, heads, depth, patchSize: p } = shape;
  const { width, height } = sizeOf(shape.imageSize);
  const columns = width / p;
  const L = columns * (height / p);
  const tensor = (name: string) => tensors.get(name)!.data;
  const attention = Array.from({ length: depth }, (): number[] => []);
  const features: number[][] = [];
  const affine = (x: readonly number[], name: string) =>
    plainLinear(x, tensor(`${name}.weight`), tensor(`${name}.bias`));
  const normed = (x: readonly number[], name: string) =>
    plainLayerNorm(x, tensor(`${name}.weight`), tensor(`${name}.bias`));
  for (let image = 0; image < 4; image++) {
    const values = Array.from({ length: L }, (_, patch) => {
      const [top, left] = [Math.floor(patch / columns) * p, (patch % columns) * p];
      // Channels first, as the weight has them.
      return Array.from({ length: 3 * p * p }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / (p * p)), Math.floor(i / p) % p, i % p];
        const value = pixels[((image * height + top + y) * width + left + x) * 3 + channel]!;
        return (value / 255 - normalization.mean[channel]!) / normalization.std[channel]!;
      });
    });
    const place = (token: number) => tensor("pos_embed").subarray(token * D, (token + 1) * D);
    const added = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x, (value, i) => value + y[i]!);
    let x = [
      added(tensor("cls_token"), place(0)),
      ...values.map((patch, token) => added(affine(patch, "patch_embed.proj"), place(token + 1))),
    ];
    for (let block = 0; block < depth; block++) {
      const name = `blocks.${block}`;
      const qkv = x.map((token) => affine(normed(token, `${name}.norm1`), `${name}.attn.qkv`));
      const size = D / heads;
      const mixed = x.map(() => new Array<number>(D).fill(0));
      for (let head = 0; head < heads; head++) {
        const part = (row: readonly number[], third: number) =>
          row.slice(third * D + head * size, third * D + (head + 1) * size);
        for (const [query, row] of qkv.entries()) {
          const logits = qkv.map((key) => dot(part(row, 0), part(key, 1)) / Math.sqrt(size));
          const exps = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
          const total = exps.reduce((sum, value) => sum + value, 0);
          const shares = exps.map((value) => value / total);
          if (query > 0) attention[block]!.push(...shares.slice(1));
          for (const [key, share] of shares.entries()) {
            for (const [i, value] of part(qkv[key]!, 2).entries()) mixed[query]![head * size + i]! += share * value;
          }
        }
      }
      x = x.map((token, i) => added(token, affine(mixed[i]!, `${name}.attn.proj`)));
      x = x.map((token) => {
        const hidden = affine(normed(token, `${name}.norm2`), `${name}.mlp.fc1`).map(gelu);
        return added(token, affine(hidden, `${name}.mlp.fc2`));
      });
    }
    features.push(...x.slice(1).map((token) => normed(token, "norm")));
  }
  return { attention, features };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
