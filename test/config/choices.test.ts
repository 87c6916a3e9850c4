// What a program chooses of a configuration: the same as layers give, checked by the compiler where it can be.
import { expect, test } from "vitest";
import { layerFromAssignments, type PretrainChoices, resolveConfig } from "#src/config/config.js";
import { methodNames } from "#src/methods/registry.js";

test("choices give what layers of them give, and the defaults of all else", () => {
  const assignments = ["source=photos", "method=mae", "methodOptions.maskRatio=0.5", "schedule.epochs=3"];
  const chosen: PretrainChoices = {
    source: "photos",
    method: "mae",
    methodOptions: { maskRatio: 0.5 },
    schedule: { epochs: 3 },
    model: { preset: undefined },
  };
  expect(resolveConfig(chosen, "/data")).toEqual(resolveConfig([layerFromAssignments(assignments)], "/data"));
  expect(resolveConfig({ source: "photos" }).method).toBe("mixedae");
});

test.each(methodNames)("a whole configuration of %s is a choice of itself", (method) => {
  const config = resolveConfig([layerFromAssignments(["source=photos", `method=${method}`])]);
  const again = resolveConfig(config);
  // Also in its order, in which configurations are written and hashed.
  expect(JSON.stringify(again)).toBe(JSON.stringify(config));
});

test("what the compiler cannot see is refused in words", () => {
  const chosen = { source: "photos", model: { preset: "nano", patchSize: 5 } } as const;
  expect(() => resolveConfig(chosen)).toThrow(/model\.imageSize: expected a multiple of model\.patchSize = 5/);
  const misspelt = { source: "photos", scheduel: { steps: 3 } };
  expect(() => resolveConfig(misspelt)).toThrow(/scheduel \(from the given configuration\): no such key/);
});

test("options belong to their method", () => {
  const ofMae: PretrainChoices = { source: "photos", method: "mae", methodOptions: { maskRatio: 0.6 } };
  // @ts-expect-error MAE has no mixing ratio.
  const wrong: PretrainChoices = { source: "photos", method: "mae", methodOptions: { mixingRatio: 0.5 } };
  // @ts-expect-error There is no such method.
  const unknown: PretrainChoices = { source: "photos", method: "simclr" };
  expect(resolveConfig(ofMae).methodOptions).toMatchObject({ maskRatio: 0.6 });
  for (const each of [wrong, unknown]) expect(() => resolveConfig(each)).toThrow();
});
