// Homologous attention: which keys are kept, how many of them are homologous, and where the gradient flows.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradients, input } from "#src/graph/index.js";
import { homologousExclusion, topkPrecision } from "#src/methods/homologous-attention.js";
import { drawAssignment, homologousPairs } from "#src/methods/mixing.js";
import { randomStream } from "#src/random/index.js";
import { evaluate, randomValues } from "../nn/evaluate.js";

interface Case {
  readonly mixed: number;
  readonly heads: number;
  readonly groupSize: number;
  readonly perSource: number;
  readonly seed: number;
  readonly clsCompetes?: boolean;
}

function prepare({ mixed, heads, groupSize, perSource, seed, clsCompetes = false }: Case) {
  const patches = groupSize * perSource;
  const tokens = patches + 1;
  const plans = Array.from({ length: mixed }, (_, index) =>
    drawAssignment(randomStream(seed, "plan", 0, index), patches, groupSize),
  );
  const sources = Int32Array.from({ length: patches * mixed }, (_, place) => {
    return plans[place % mixed]![Math.floor(place / mixed)]!;
  });
  const logits = randomValues("logits", mixed * heads * tokens * tokens, seed, 2);
  const x = input("logits", [mixed, heads, tokens, tokens]);
  const excluded = homologousExclusion(x, perSource, clsCompetes);
  const precision = topkPrecision(excluded, homologousPairs(input("sources", [patches, mixed], "int32")));
  return { patches, tokens, plans, sources, logits, x, excluded, precision };
}

/** For each row of logits (one query of one head): the numbers of the keys that are not excluded. */
function keptKeys(excluded: readonly number[], tokens: number): number[][] {
  return Array.from({ length: excluded.length / tokens }, (_, row) =>
    Array.from({ length: tokens }, (_, key) => key).filter((key) => excluded[row * tokens + key] === 0),
  );
}

const cases = fc.record({
  mixed: fc.integer({ min: 1, max: 3 }),
  heads: fc.integer({ min: 1, max: 3 }),
  groupSize: fc.integer({ min: 2, max: 4 }),
  perSource: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(1000),
});

describe("homologous attention", () => {
  test("keeps the K largest patch keys and CLS of each patch query, everything of CLS; precision counts them", () =>
    fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const { tokens, plans, sources, logits, x, excluded, precision } = prepare(drawn);
        expect([excluded.shape, excluded.dtype]).toEqual([x.shape, "bool"]);
        const found = await evaluate({ excluded, precision }, { logits, sources });
        let [kept, homologous] = [0, 0];
        for (const [row, keys] of keptKeys(found.excluded, tokens).entries()) {
          const query = row % tokens;
          if (query === 0) {
            expect(keys).toHaveLength(tokens);
            continue;
          }
          const byLogit = Array.from({ length: tokens - 1 }, (_, index) => index + 1).sort(
            (a, b) => logits[row * tokens + b]! - logits[row * tokens + a]!,
          );
          expect(keys).toEqual([0, ...byLogit.slice(0, drawn.perSource).sort((a, b) => a - b)]);
          const plan = plans[Math.floor(row / (drawn.heads * tokens))]!;
          kept += keys.length - 1;
          homologous += keys.filter((key) => key > 0 && plan[key - 1] === plan[query - 1]).length;
        }
        expect(found.precision[0]).toBeCloseTo(homologous / kept, 5);
      }),
      { numRuns: 25 },
    ));

  test("where CLS competes, it is a candidate like others, and keeps no more; precision still counts patches", () =>
    fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const { tokens, plans, sources, logits, excluded, precision } = prepare({ ...drawn, clsCompetes: true });
        const found = await evaluate({ excluded, precision }, { logits, sources });
        let [kept, homologous] = [0, 0];
        for (const [row, keys] of keptKeys(found.excluded, tokens).entries()) {
          const query = row % tokens;
          const byLogit = Array.from({ length: tokens }, (_, index) => index).sort(
            (a, b) => logits[row * tokens + b]! - logits[row * tokens + a]!,
          );
          expect(keys).toEqual(byLogit.slice(0, drawn.perSource).sort((a, b) => a - b));
          if (query === 0) continue;
          const plan = plans[Math.floor(row / (drawn.heads * tokens))]!;
          kept += keys.filter((key) => key > 0).length;
          homologous += keys.filter((key) => key > 0 && plan[key - 1] === plan[query - 1]).length;
        }
        if (kept > 0) expect(found.precision[0]).toBeCloseTo(homologous / kept, 5);
      }),
      { numRuns: 25 },
    ));

  test("keeps all keys that tie with the last place", async () => {
    const drawn = { mixed: 1, heads: 1, groupSize: 2, perSource: 2, seed: 1 };
    const { tokens, excluded } = prepare(drawn);
    // CLS, then four patches; the second place is shared by two.
    const logits = new Float32Array(tokens * tokens);
    for (let query = 0; query < tokens; query++) logits.set([-9, 3, 1, 1, 0], query * tokens);
    const found = await evaluate({ excluded }, { logits });
    expect(keptKeys(found.excluded, tokens).slice(1)).toEqual(Array(4).fill([0, 1, 2, 3]));
  });

  test("a precision of 1 where patches prefer their own image, of 1/g for random logits", async () => {
    const drawn = { mixed: 4, heads: 4, groupSize: 4, perSource: 16, seed: 5 };
    const { tokens, plans, sources, logits, precision } = prepare(drawn);
    const random = await evaluate({ precision }, { logits, sources });
    // 16,384 kept keys, a quarter of them homologous by chance.
    expect(Math.abs(random.precision[0]! - 0.25)).toBeLessThan(4.5 * Math.sqrt((0.25 * 0.75) / 16384));
    const knowing = logits.map((value, place) => {
      const [key, query] = [place % tokens, Math.floor(place / tokens) % tokens];
      const plan = plans[Math.floor(place / (drawn.heads * tokens * tokens))]!;
      return value + (key > 0 && query > 0 && plan[key - 1] === plan[query - 1] ? 100 : 0);
    });
    const perfect = await evaluate({ precision }, { logits: knowing, sources });
    expect(perfect.precision[0]).toBe(1);
  });

  test("lets the gradient through to what is kept and to nothing else, the threshold included", async () => {
    const drawn = { mixed: 2, heads: 2, groupSize: 2, perSource: 3, seed: 8 };
    const { tokens, logits, x, excluded } = prepare(drawn);
    const weights = randomValues("weights", logits.length, 3);
    const y = x.softmax(excluded);
    const [slope] = gradients(y.mul(input("weights", x.shape)).sum(), [x]);
    const found = await evaluate({ excluded, y, slope: slope! }, { logits, weights });
    for (const [row, keys] of keptKeys(found.excluded, tokens).entries()) {
      const at = (key: number) => row * tokens + key;
      const total = keys.reduce((sum, key) => sum + Math.exp(logits[at(key)]!), 0);
      const share = (key: number) => (keys.includes(key) ? Math.exp(logits[at(key)]!) / total : 0);
      const mean = keys.reduce((sum, key) => sum + share(key) * weights[at(key)]!, 0);
      for (let key = 0; key < tokens; key++) {
        expect(found.y[at(key)]).toBeCloseTo(share(key), 5);
        // The K-th largest logit is the threshold: a gradient through it would show there.
        expect(found.slope[at(key)]).toBeCloseTo(share(key) * (weights[at(key)]! - mean), 5);
        if (!keys.includes(key)) expect(found.slope[at(key)]).toBeCloseTo(0, 12);
      }
    }
    expect(keptKeys(found.excluded, tokens)[1]).toHaveLength(4);
  });
});
