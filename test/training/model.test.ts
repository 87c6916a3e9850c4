// The starting weights of a configuration's model.

import { expect, test } from "vitest";
import { methodOf } from "#src/methods/registry.js";
import { initialValues } from "#src/optim/initial-values.js";
import { createLearner } from "#src/training/learner.js";
import { memoryOf } from "../engine/host-memory.js";
import { tinyConfig } from "./tiny-run.js";

const config = tinyConfig("/pictures");

function startOf(seed: number, ...assignments: readonly string[]): Map<string, Float32Array> {
  const changed = tinyConfig("/pictures", ...assignments);
  const { parameters } = methodOf(changed).pretext(changed, 8);
  return new Map(parameters.map((parameter) => [parameter.name, initialValues(parameter, seed)]));
}

test("a weight is a function of the seed and its name: other parts of the model do not change it", () => {
  const [first, again, other] = [startOf(0), startOf(0), startOf(1)];
  expect(again).toEqual(first);
  for (const name of ["cls_token", "blocks.0.attn.qkv.weight", "segment_embed", "patch_embed.proj.bias"]) {
    expect(other.get(name), name).not.toEqual(first.get(name));
  }
  const deeper = startOf(0, "model.depth=4", "method=mae");
  for (const [name, values] of first) {
    if (name !== "segment_embed") expect(deeper.get(name), name).toEqual(values);
  }
  expect(first.get("blocks.0.mlp.fc1.weight")).not.toEqual(first.get("blocks.1.mlp.fc1.weight"));
});

test("training starts from these weights, with moments of zero", async () => {
  const { training } = await createLearner(config, { totalSteps: 1, stepsPerEpoch: 1 });
  const start = startOf(config.seed);
  expect(Object.keys(training.values)).toEqual([...start.keys()]);
  for (const [name, values] of start) expect(memoryOf(training.values[name]), name).toEqual(values);
  expect(training.state.means.memory!.every((value) => value === 0)).toBe(true);
  expect(training.state.squares.memory!.every((value) => value === 0)).toBe(true);
});
