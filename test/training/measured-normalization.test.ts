// Runs that measure the mean and deviation of their own images: the numbers take the place of the wish.
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { measureChannels, openSource } from "#src/data/index.js";
import { pretrain, resume } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { readRunConfig } from "#src/training/run-config.js";
import { expectSameMetrics, readMetrics, recordOptions, sharedFolder, tinyConfig, writeImages } from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const lines: string[] = [];
let measured: Awaited<ReturnType<typeof measureChannels>>;

beforeAll(async () => {
  await writeImages(source);
  const options = recordOptions();
  await pretrain(tinyConfig(source, "method=mae", "data.normalization=measured"), at("measured"), options);
  lines.push(...options.lines);
  measured = await measureChannels(await openSource(source), { imageSize: 16 });
});

test("the numbers stand in config.json and in the checkpoints, and are said", async () => {
  const { data } = readRunConfig(at("measured"));
  expect(data.mean).toEqual(measured.mean);
  expect(data.std).toEqual(measured.std);
  expect(data).not.toHaveProperty("normalization");
  expect((await loadPretrained(at("measured"))).normalization).toEqual({ mean: measured.mean, std: measured.std });
  expect(lines.join("\n")).toContain(`Measured over 40 images: mean ${measured.mean.join(", ")}`);
});

test("the run is the one that these numbers would have given", async () => {
  const { mean, std } = measured;
  const numbers = [`data.mean=[${mean}]`, `data.std=[${std}]`];
  await pretrain(tinyConfig(source, "method=mae", ...numbers), at("given"), recordOptions());
  expectSameMetrics(readMetrics(at("measured")), readMetrics(at("given")), 0);
});

test("a run that was stopped goes on with its numbers, and one that was killed while it measured measures again", async () => {
  const config = tinyConfig(source, "method=mae", "data.normalization=measured");
  await pretrain(config, at("stopped"), recordOptions(5));
  await resume(at("stopped"), recordOptions());
  expectSameMetrics(readMetrics(at("stopped")), readMetrics(at("measured")), 0);

  await pretrain(config, at("killed"), recordOptions(0)).catch(() => {});
  const path = at("killed", "config.json");
  const { data, ...others } = JSON.parse(readFileSync(path, "utf8")) as { data: object };
  writeFileSync(path, JSON.stringify({ ...others, data: { ...data, ...config.data } }));
  await resume(at("killed"), recordOptions());
  expectSameMetrics(readMetrics(at("killed")), readMetrics(at("measured")), 0);
  expect(readRunConfig(at("killed")).data).not.toHaveProperty("normalization");
});

test("what a later layer sets takes the place of what an earlier one does", () => {
  const resolve = (...layers: string[][]) =>
    resolveConfig([[`source=${source}`], ...layers].map((layer) => layerFromAssignments(layer))).data;
  const measure = ["data.normalization=measured"];
  const numbers = ["data.mean=[0.5,0.5,0.5]", "data.std=[0.2,0.2,0.2]"];
  expect(resolve(numbers, measure).normalization).toBe("measured");
  expect(resolve(measure, numbers)).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] });
  expect(resolve(measure, numbers)).not.toHaveProperty("normalization");
  expect(() => resolve([...measure, ...numbers])).toThrow("data.mean and data.normalization exclude each other");
  expect(() => resolve(["data.normalization=mesured"])).toThrow('expected "measured"; found "mesured"');
});
