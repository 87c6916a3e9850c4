// Precision and confusion of a mixture, against values counted by hand.
import { expect, test } from "vitest";
import { attentionBytes, measureBlock } from "#src/dashboard/explorer/measures.js";

/** Four patches of two images, one head: the first two of image 0. */
const sources = Int32Array.of(0, 0, 1, 1);
const attention = Float32Array.of(0.625, 0.375, 0, 0, 0.5, 0, 0.5, 0, 0, 0, 1, 0, 0.25, 0.25, 0.25, 0.25);

test("where TopK keeps some, each that is kept counts alike", () => {
  const kept = Float32Array.of(1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0);
  const { precision, headPrecision, confusion } = measureBlock({ attention, kept }, sources, 2);
  expect(precision).toBe(6 / 8);
  expect(headPrecision).toEqual([6 / 8]);
  expect(confusion).toEqual([
    [3 / 4, 1 / 4],
    [1 / 4, 3 / 4],
  ]);
});

test("where all are kept, attention itself counts", () => {
  const { precision, confusion } = measureBlock({ attention, kept: null }, sources, 2);
  expect(precision).toBe(3 / 4);
  expect(confusion).toEqual([
    [3 / 4, 1 / 4],
    [1 / 4, 3 / 4],
  ]);
});

test("heads are told apart, and their mean is the whole", () => {
  const one = Float32Array.of(1, 0, 0, 1, 0, 1, 1, 0);
  const { precision, headPrecision } = measureBlock({ attention: one, kept: one }, Int32Array.of(0, 1), 2);
  expect(headPrecision).toEqual([1, 0]);
  expect(precision).toBe(0.5);
});

test("bytes: none for what is not kept, one at least for what is, the most for the strongest", () => {
  const kept = Float32Array.of(1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1);
  const bytes = attentionBytes({ attention, kept }, 4);
  expect([...bytes.subarray(0, 4)]).toEqual([255, 153, 1, 0]);
  expect([...bytes.subarray(12)]).toEqual([255, 255, 255, 255]);
  expect(attentionBytes({ attention: new Float32Array(4), kept: null }, 2)).toEqual(Uint8Array.of(1, 1, 1, 1));
});
