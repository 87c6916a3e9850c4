// Configurations of images of other than three channels: what follows from their number, and what does not fit it.
import { describe, expect, test } from "vitest";
import { layerFromAssignments, parseConfig, resolveConfig } from "#src/config/config.js";
import { ConfigError } from "#src/config/errors.js";

const resolve = (...assignments: readonly string[]) =>
  resolveConfig([layerFromAssignments(["source=/pictures", ...assignments])]);

function problemsOf(...assignments: readonly string[]): readonly string[] {
  try {
    resolve(...assignments);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("three channels are left out, so that configurations are what they were", () => {
  expect(resolve("model.channels=3")).toEqual(resolve());
  expect(resolve().model).not.toHaveProperty("channels");
  expect(resolve().data).not.toHaveProperty("normalization");
  expect(resolve().data.mean).toEqual([0.485, 0.456, 0.406]);
});

test("mean and deviation of other channels are measured unless they are given", () => {
  expect(resolve("model.channels=1").data).toMatchObject({ normalization: "measured", mean: [0], std: [1] });
  const given = resolve("model.channels=2", "data.mean=[0.5,0.4]", "data.std=[0.2,0.3]");
  expect(given.data).toMatchObject({ mean: [0.5, 0.4], std: [0.2, 0.3] });
  expect(given.data).not.toHaveProperty("normalization");
  const measured = resolve("model.channels=4");
  expect(parseConfig(JSON.parse(JSON.stringify(measured)), "config.json")).toEqual(measured);
});

describe("defaults of methods with a teacher", () => {
  test.each(["dino", "ibot"])("%s changes grey images in brightness and contrast alone", (method) => {
    const { data, methodOptions } = resolve(`method=${method}`, "model.channels=1");
    expect(data.colorJitter).toEqual({ brightness: 0.4, contrast: 0.4, saturation: 0, hue: 0, probability: 0.8 });
    expect(methodOptions).toMatchObject({ grayscale: 0, solarize: 0.2 });
  });

  test("and images of more channels not at all", () => {
    const { data, methodOptions } = resolve("method=dino", "model.channels=4");
    expect(data.colorJitter).toBeNull();
    expect(methodOptions).toMatchObject({ grayscale: 0, solarize: 0 });
  });
});

test.each([1, 3, 5])("what measures %i channels stays as it is when it was resolved before", (channels) => {
  const config = resolve(`model.channels=${channels}`, "data.normalization=measured");
  expect(resolveConfig(config)).toEqual(config);
  expect(parseConfig(config, "config.json")).toEqual(config);
});

test.each<[string, readonly string[], string]>([
  [
    "a mean of other channels",
    ["model.channels=2", "data.mean=[0,0,0]", "data.std=[1,1]"],
    "data.mean: expected 2 numbers",
  ],
  ["a deviation of other channels", ["data.std=[1]"], "data.std: expected 3 numbers, one a channel; found 1"],
  ["a mean alone", ["model.channels=1", "data.mean=[0.5]"], "data.std: expected a list"],
  ["no channels", ["model.channels=0"], "model.channels (from --set): expected a whole number from 1 to 256; found 0"],
  ["the key in another place", ["data.channels=1"], "Did you mean model.channels?"],
  [
    "saturation of grey images",
    ["model.channels=1", "data.colorJitter={saturation: 0.2}"],
    "data.colorJitter.saturation: expected 0 for images of 1 channel, which have no colours; found 0.2",
  ],
  [
    "brightness of four channels",
    ["model.channels=4", "data.colorJitter={brightness: 0.2}"],
    "data.colorJitter.brightness: expected 0 for images of 4 channels, which are cropped, mirrored and blurred only",
  ],
  ["a background that is not used", ["model.channels=4", "data.background=[0,0,0]"], "data.background: expected [255,"],
  [
    "solarised images of four channels",
    ["model.channels=4", "method=dino", "methodOptions.solarize=0.2"],
    "methodOptions.solarize: expected 0 for images of 4 channels",
  ],
])("%s is refused in words", (_, assignments, problem) => {
  expect(problemsOf(...assignments).join("\n")).toContain(problem);
});
