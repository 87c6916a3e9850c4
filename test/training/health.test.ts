// Warnings while a run goes on: means over a hundred steps, each sign once, and again only after it was gone.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { resolveConfig } from "#src/config/config.js";
import { HealthWatch } from "#src/training/health.js";
import { pretrain } from "#src/training/index.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { recordOptions, tinyDistillationConfig, writeImages } from "./tiny-run.js";

const at = temporaryFolder();
const config = resolveConfig([{ origin: "test", values: { source: "photos" } }]);

/** The steps at which it warns, for the spread of each step. */
function warnedAt(spreads: readonly number[], totalSteps = spreads.length): number[] {
  const watch = new HealthWatch(config, totalSteps);
  return spreads.flatMap((featureSpread, index) =>
    watch.see({ step: index + 1, featureSpread }).map(({ sign }) => {
      expect(sign).toBe("no spread");
      return index + 1;
    }),
  );
}
const steps = (count: number, value: number) => new Array<number>(count).fill(value);

test("a sign is told once while it lasts, and anew when it comes back", () => {
  const spreads = [...steps(100, 0.5), ...steps(300, 0.001), ...steps(100, 0.5), ...steps(100, 0.001)];
  expect(warnedAt(spreads)).toEqual([200, 600]);
});

test("single steps, and the beginning of a run, are no sign", () => {
  expect(warnedAt([...steps(99, 0.5), 0, ...steps(100, 0.5)])).toEqual([]);
  expect(warnedAt(steps(500, 0.001), 2000)).toEqual([300]);
});

test("MixedAE says while it goes on that its segment embeddings give recognition away, and what to do", () => {
  const watch = new HealthWatch(config, 400);
  const warned = Array.from({ length: 400 }, (_, index) => {
    const contrastive = index < 200 ? 3.6 : 2.75;
    return watch.see({ step: index + 1, featureSpread: 0.5, contrastive });
  }).flat();
  expect(warned.map(({ sign }) => sign)).toEqual(["shortcut"]);
  expect(warned[0]!.lines.join("\n")).toMatch(/is 2\.75.*methodOptions\.segmentShare=0\.5/s);
});

test.each(["ibot", "dino"] as const)("a run of %s whose teacher says nothing warns while it goes on, and in its log", {
  timeout: 120_000,
}, async (method) => {
  await writeImages(at("images"));
  const hot = ["schedule.steps=200", "methodOptions.teacherTemperatureStart=5", "methodOptions.teacherTemperature=5"];
  const hooks = recordOptions();
  await pretrain(tinyDistillationConfig(method, at("images"), ...hot), at(method), hooks);
  expect(hooks.lines.join("\n")).toMatch(/Warning at step 200: the teacher says the same of all crops/);
  expect(readFileSync(at(method, "log.txt"), "utf8")).toMatch(/ warning step 200: the teacher says .* temperature/);
});
