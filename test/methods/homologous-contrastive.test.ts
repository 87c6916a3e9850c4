// The homologous contrastive loss against its closed-form values and against a direct computation.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { input } from "#src/graph/index.js";
import { homologousContrastiveLoss, idleLoss, separatedLoss } from "#src/methods/homologous-contrastive.js";
import { drawAssignment, homologousPairs } from "#src/methods/mixing.js";
import { randomStream } from "#src/random/index.js";
import { evaluate, randomValues } from "../nn/evaluate.js";

interface Sizes {
  readonly patches: number;
  readonly mixed: number;
  readonly width: number;
  readonly groupSize: number;
  readonly temperature: number;
}

async function lossOf(
  { patches, mixed, width, groupSize, temperature }: Sizes,
  tokens: Float32Array,
  sources: Int32Array,
): Promise<number> {
  const loss = homologousContrastiveLoss(
    input("tokens", [patches, mixed, width]),
    homologousPairs(input("sources", [patches, mixed], "int32")),
    patches / groupSize,
    temperature,
  );
  expect(loss.shape).toEqual([]);
  return (await evaluate({ loss }, { tokens, sources })).loss[0]!;
}

/** One mixed image of four sources, whose tokens are made from the number of their source. */
function fourSources(patches: number, token: (source: number) => readonly number[], temperature = 0.25) {
  const sources = drawAssignment(randomStream(1, "plan", 0, 0), patches, 4);
  const tokens = Float32Array.from([...sources].flatMap((source) => [...token(source)]));
  return lossOf({ patches, mixed: 1, width: 4, groupSize: 4, temperature }, tokens, sources);
}

/** The corners of a regular tetrahedron around 0, as rows of width 4. */
const corner = (source: number) => Array.from({ length: 4 }, (_, i) => (i === source ? 0.75 : -0.25));

describe("closed-form values at g = 4", () => {
  test.each([
    [196, 5.273],
    [64, 4.143],
    [16, 2.708],
  ])("all features equal, L = %i: log(L - 1) = %f", async (patches, rounded) => {
    const loss = await fourSources(patches, () => [1, 2, 3, 4]);
    expect(loss).toBeCloseTo(Math.log(patches - 1), 4);
    expect(idleLoss(patches)).toBeCloseTo(Math.log(patches - 1), 12);
    expect(loss).toBeCloseTo(rounded, 3);
  });

  test.each([
    [196, 3.886],
    [64, 2.72],
  ])("a perfect four-way simplex, L = %i, temperature 0.25: %f", async (patches, rounded) => {
    const loss = await fourSources(patches, corner);
    const perSource = patches / 4;
    const normalizer = (perSource - 1) * Math.exp(4) + 3 * perSource * Math.exp(-4 / 3);
    expect(loss).toBeCloseTo(Math.log(normalizer) - 4, 4);
    expect(separatedLoss(patches, 4, 0.25)).toBeCloseTo(Math.log(normalizer) - 4, 12);
    expect(Math.abs(loss - rounded)).toBeLessThan(0.005);
  });

  test("the floor for any temperature is log(rL - 1)", async () => {
    expect(await fourSources(196, corner, 0.01)).toBeCloseTo(Math.log(48), 3);
    expect(Math.log(48)).toBeCloseTo(3.871, 3);
    expect(separatedLoss(196, 4, 1e-4)).toBeCloseTo(Math.log(48), 12);
    for (const temperature of [0.05, 0.25, 1]) {
      expect(await fourSources(196, corner, temperature)).toBeGreaterThanOrEqual(Math.log(48) - 1e-4);
    }
  });
});

describe("in general", () => {
  const cases = fc.record({
    groupSize: fc.integer({ min: 2, max: 4 }),
    perSource: fc.integer({ min: 2, max: 4 }),
    mixed: fc.integer({ min: 1, max: 3 }),
    width: fc.integer({ min: 2, max: 5 }),
    temperature: fc.constantFrom(0.1, 0.25, 1),
    seed: fc.nat(1000),
  });

  test("equals the formula computed directly, and does not depend on the length of tokens", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ groupSize, perSource, mixed, width, temperature, seed }) => {
        const patches = groupSize * perSource;
        const plans = Array.from({ length: mixed }, (_, index) =>
          drawAssignment(randomStream(seed, "plan", 0, index), patches, groupSize),
        );
        const sources = Int32Array.from(
          { length: patches * mixed },
          (_, place) => plans[place % mixed]![Math.floor(place / mixed)]!,
        );
        const tokens = randomValues("tokens", patches * mixed * width, seed);
        const sizes = { patches, mixed, width, groupSize, temperature };
        const loss = await lossOf(sizes, tokens, sources);
        const token = (patch: number, image: number) =>
          tokens.subarray((patch * mixed + image) * width, (patch * mixed + image + 1) * width);
        let wanted = 0;
        for (let image = 0; image < mixed; image++) {
          for (let l = 0; l < patches; l++) {
            const similarity = (p: number) => Math.exp(cosine(token(l, image), token(p, image)) / temperature);
            const others = Array.from({ length: patches }, (_, p) => p).filter((p) => p !== l);
            const total = others.reduce((sum, p) => sum + similarity(p), 0);
            const positives = others.filter((p) => plans[image]![p] === plans[image]![l]);
            const terms = positives.map((p) => Math.log(similarity(p) / total));
            wanted -= terms.reduce((sum, term) => sum + term, 0) / positives.length / patches / mixed;
          }
        }
        expect(Math.abs(loss - wanted)).toBeLessThan(1e-4);
        const scaled = tokens.map((value, place) => value * (1 + (Math.floor(place / width) % 7)));
        expect(Math.abs((await lossOf(sizes, scaled, sources)) - wanted)).toBeLessThan(1e-4);
      }),
      { numRuns: 15 },
    ));
});

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
