// kNN against votes counted by hand, a direct computation, and scikit-learn.

import { describe, expect, test } from "vitest";
import { openEngine } from "#src/engine/index.js";
import { neighbourVotes } from "#src/heads/knn.js";
import { findNeighbours, vectorsInMemory } from "#src/heads/neighbours.js";
import { distance } from "../nn/evaluate.js";
import { runPython } from "../pytorch.js";
import { labelledClouds } from "./labelled-clouds.js";
import { scikitLearnMissing } from "./scikit-learn.js";

const reference = new URL("../reference/classifiers.py", import.meta.url).pathname;

test("the nearest k vote for their classes with exp(similarity / 0.07)", () => {
  const neighbours = {
    k: 3,
    indices: Int32Array.of(4, 0, 2, 1, 3, 0),
    similarities: Float32Array.of(0.75, 0.5, 0.5, 1, 0.25, -1),
  };
  const labels = [0, 1, 0, 2, 1];
  const e = (similarity: number) => Math.exp(similarity / 0.07);
  expect([...neighbourVotes(neighbours, labels, 3, 3)]).toEqual([2 * e(0.5), e(0.75), 0, e(-1), e(1), e(0.25)]);
  expect([...neighbourVotes(neighbours, labels, 3, 1)]).toEqual([0, e(0.75), 0, 0, e(1), 0]);
  expect(neighbourVotes(neighbours, labels, 3, 200)).toEqual(neighbourVotes(neighbours, labels, 3, 3));
});

describe.skipIf(scikitLearnMissing !== undefined)(
  `scikit-learn${scikitLearnMissing ? ` (${scikitLearnMissing})` : ""}`,
  () => {
    test("finds the same neighbours and the same shares of votes", async () => {
      const [width, classes, k] = [16, 5, 20];
      const { features, labels } = labelledClouds(300, width, classes, 2);
      const queries = labelledClouds(40, width, classes, 3).features;
      const bank = vectorsInMemory(features, width);
      const found = await findNeighbours(bank, queries, { k, blockSize: 128, engine: openEngine({ threads: 1 }) });
      const votes = neighbourVotes(found, labels, classes, k);
      const shares = votes.map((vote, i) => {
        const row = votes.subarray(Math.floor(i / classes) * classes, (Math.floor(i / classes) + 1) * classes);
        return vote / row.reduce((sum, each) => sum + each, 0);
      });

      const wanted = runPython(
        reference,
        [
          { name: "features", dtype: "F32", shape: [300, width], data: features },
          { name: "labels", dtype: "I32", shape: [300], data: labels },
          { name: "queries", dtype: "F32", shape: [40, width], data: queries },
        ],
        { k },
      );
      expect([...found.indices]).toEqual([...(wanted.get("indices")!.data as Int32Array)]);
      expect(distance(found.similarities, wanted.get("similarities")!.data as Float64Array)).toBeLessThan(1e-6);
      expect(distance(shares, wanted.get("votes")!.data as Float64Array)).toBeLessThan(1e-4);
    });
  },
);
