// Suggestions for misspelled names.

import { describe, expect, it } from "vitest";
import { nearestName } from "#src/config/nearest-name.js";

describe("nearestName", () => {
  const names = ["batchSize", "microBatch", "epochs", "steps", "webgpu"];

  it.each([
    ["batchsize", "batchSize"],
    ["batch_size", "batchSize"],
    ["batch-size", "batchSize"],
    ["bathcSize", "batchSize"],
    ["epoch", "epochs"],
    ["stesp", "steps"],
    ["gpu", "webgpu"],
  ])("takes %j for %j", (typed, meant) => {
    expect(nearestName(typed, names)).toBe(meant);
  });

  it("suggests nothing for what is like none of them", () => {
    expect(nearestName("temperature", names)).toBeUndefined();
    expect(nearestName("x", [])).toBeUndefined();
  });
});
