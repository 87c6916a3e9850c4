// Steps, warm-up and learning rate as they follow from a configuration.

import { describe, expect, it } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { deriveSchedule } from "#src/training/derived.js";

const derive = (images: number, ...assignments: string[]) =>
  deriveSchedule(resolveConfig([layerFromAssignments(["source=/pictures", ...assignments])]), images);

describe("deriveSchedule", () => {
  it("scales the base learning rate by the batch of clean images", () => {
    const derived = derive(1_281_167, "model.preset=base", "method=mae");
    expect(derived.learningRate).toBeCloseTo(2.4e-3, 12);
    expect(derived.totalSteps).toBe(Math.ceil((800 * 1_281_167) / 4096));
    expect(derived.warmupSteps).toBe(Math.round(0.05 * derived.totalSteps));
    expect(derived.accumulation).toBe(256);
  });

  it("takes an absolute learning rate and steps as they are", () => {
    const derived = derive(3200, "schedule.steps=100", "schedule.learningRate=0.01", "schedule.batchSize=64");
    expect(derived).toMatchObject({
      totalSteps: 100,
      warmupSteps: 5,
      learningRate: 0.01,
      stepsPerEpoch: 50,
      epochs: 2,
    });
  });

  it("counts warm-up in epochs where that is asked for, and never beyond the run", () => {
    const schedule = ["schedule.batchSize=64", "schedule.warmupEpochs=2"];
    expect(derive(3200, "schedule.epochs=10", ...schedule).warmupSteps).toBe(100);
    expect(derive(3200, "schedule.steps=30", ...schedule).warmupSteps).toBe(30);
  });

  it("takes at least one step, and no step more for an error of rounding", () => {
    expect(derive(4, "schedule.epochs=1").totalSteps).toBe(1);
    expect(derive(64, "schedule.epochs=30", "schedule.batchSize=640").totalSteps).toBe(3);
  });

  it("needs an image", () => {
    expect(() => derive(0)).toThrow(RangeError);
  });
});
