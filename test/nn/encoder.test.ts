// The encoder's and the decoder's ends: patch embedding, the CLS token, positions, norm and prediction.
import { expect, test } from "vitest";
import { input, patchify } from "#src/graph/index.js";
import { decoder } from "#src/nn/decoder.js";
import { encoder } from "#src/nn/encoder.js";
import { ParameterScope } from "#src/nn/parameters.js";
import { sinCosPositions } from "#src/nn/positions.js";
import { distance, evaluate, randomValues, randomWeights } from "./evaluate.js";
import { plainLayerNorm, plainLinear } from "./plain-transformer.js";

/** Without blocks, what goes in and comes out can be followed by hand. */
const shape = {
  imageSize: 6,
  patchSize: 3,
  width: 8,
  depth: 0,
  heads: 2,
  mlpRatio: 2,
  decoderWidth: 4,
  decoderDepth: 0,
  decoderHeads: 2,
};
const batch = 2;

function rowsOf(values: ArrayLike<number>, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, row) =>
    Array.from(values).slice(row * width, (row + 1) * width),
  );
}

test("embeds a patch as a convolution with the checkpoint's kernel [width, channel, row, column] does", async () => {
  const scope = new ParameterScope();
  const { embed } = encoder(scope, shape);
  const tokens = embed(patchify(input("images", [batch, 6, 6, 3]), 3));
  const weights = randomWeights(scope.parameters);
  const images = randomValues("images", batch * 6 * 6 * 3);
  const result = await evaluate({ tokens }, { ...weights, images });

  const [kernel, bias] = [weights["patch_embed.proj.weight"]!, weights["patch_embed.proj.bias"]!];
  const wanted: number[] = [];
  for (let patch = 0; patch < 4; patch++) {
    for (let image = 0; image < batch; image++) {
      for (let output = 0; output < 8; output++) {
        let sum = bias[output]!;
        for (let channel = 0; channel < 3; channel++) {
          for (let row = 0; row < 3; row++) {
            for (let column = 0; column < 3; column++) {
              const [y, x] = [3 * Math.floor(patch / 2) + row, 3 * (patch % 2) + column];
              const weight = kernel[((output * 3 + channel) * 3 + row) * 3 + column]!;
              sum += weight * images[((image * 6 + y) * 6 + x) * 3 + channel]!;
            }
          }
        }
        wanted.push(sum);
      }
    }
  }
  expect(distance(result.tokens, wanted)).toBeLessThan(1e-5);
});

test("puts CLS before the patches, without a position, and ends with the norm", async () => {
  const scope = new ParameterScope();
  const { encode, positions } = encoder(scope, shape);
  const encoded = encode(input("tokens", [3, batch, 8]));
  expect(encoded.shape).toEqual([4, batch, 8]);
  const weights = randomWeights(scope.parameters);
  const tokens = randomValues("tokens", 3 * batch * 8);
  const result = await evaluate({ encoded, positions }, { ...weights, tokens });
  expect(distance(result.positions, sinCosPositions(8, { rows: 2, columns: 2 }))).toBe(0);
  const cls = Array.from(weights.cls_token!);
  const wanted = [cls, cls, ...rowsOf(tokens, 8)].flatMap((row) =>
    plainLayerNorm(row, weights["norm.weight"]!, weights["norm.bias"]!),
  );
  expect(distance(result.encoded, wanted)).toBeLessThan(1e-5);
});

test("decodes patches with positions to pixels and drops CLS", async () => {
  const scope = new ParameterScope();
  const { decode, embed, maskToken } = decoder(scope, shape);
  expect(maskToken.shape).toEqual([4]);
  const pixels = decode(input("cls", [1, batch, 4]), embed(input("tokens", [4, batch, 8])));
  expect(pixels.shape).toEqual([4, batch, 27]);
  const weights = randomWeights(scope.parameters);
  const [cls, tokens] = [randomValues("cls", batch * 4), randomValues("tokens", 4 * batch * 8)];
  const result = await evaluate({ pixels }, { ...weights, cls, tokens });
  const positions = sinCosPositions(4, { rows: 2, columns: 2 });
  const wanted = rowsOf(tokens, 8).flatMap((row, index) => {
    const embedded = plainLinear(row, weights["decoder_embed.weight"]!, weights["decoder_embed.bias"]!);
    const placed = embedded.map((value, channel) => value + positions[Math.floor(index / batch) * 4 + channel]!);
    const normalised = plainLayerNorm(placed, weights["decoder_norm.weight"]!, weights["decoder_norm.bias"]!);
    return plainLinear(normalised, weights["decoder_pred.weight"]!, weights["decoder_pred.bias"]!);
  });
  expect(distance(result.pixels, wanted)).toBeLessThan(1e-5);
});
