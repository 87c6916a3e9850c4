// A method of a program's own is one like the others: configured, trained, resumed, and its encoder transferred.
import { expect, test } from "vitest";
import { ConfigError } from "#src/config/errors.js";
import { type PretrainChoices, resolveConfig } from "#src/config/index.js";
import { loadEncoder } from "#src/evaluations/index.js";
import { mae, maeOptions } from "#src/methods/mae.js";
import { methodDefaults, methodNames, methodOf, registerMethod } from "#src/methods/registry.js";
import { pretrain, resume } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { recordOptions, sharedFolder, tinyConfig, writeImages } from "../training/tiny-run.js";

const at = sharedFolder();

/** MAE under another name, with a tensor that no other method has. */
const own = {
  ...mae,
  name: "own",
  options: maeOptions.extend({}),
  otherTensors: [[/^own_token$/, () => [2]] as const],
  pretext(config: Parameters<typeof mae.pretext>[0], images: number) {
    return mae.pretext(config, images);
  },
};

declare module "#src/methods/registered-methods.js" {
  interface RegisteredMethods {
    readonly own: typeof own;
  }
}

test("before it is registered there is no such method, and afterwards it has its place", async () => {
  const source = await writeImages(at("images"), 16);
  const { model, schedule, run } = tinyConfig(source, "schedule.steps=3", "schedule.batchSize=4");
  const chosen: PretrainChoices = { source, method: "own", methodOptions: { maskRatio: 0.5 }, model, schedule, run };
  expect(() => resolveConfig(chosen)).toThrow(ConfigError);

  registerMethod(own);
  expect(methodNames).toContain("own");
  expect(methodDefaults.own).toEqual({ maskRatio: 0.75, normPixels: true });
  expect(methodOf({ method: "own" }).name).toBe("own");

  expect(await pretrain(chosen, at("run"), recordOptions(1))).toMatchObject({ outcome: "stopped", step: 1 });
  expect(await resume(at("run"), recordOptions())).toMatchObject({ outcome: "finished", step: 3 });
  const asMae = await pretrain({ ...chosen, method: "mae" }, at("mae"), recordOptions());
  const [ours, theirs] = [await loadPretrained(at("run")), await loadPretrained(at("mae"))];
  expect(asMae.step).toBe(3);
  expect(ours.tensors.get("cls_token")).toEqual(theirs.tensors.get("cls_token"));
  expect((await (await loadEncoder(at("run"))).embed(`${source}/000.png`)).length).toBe(16);
});

test("a name is taken once", () => {
  expect(() => registerMethod({ ...own, name: "mae" })).toThrow('expected a name that no method has; found "mae"');
});
