// The tables of the documentation are complete: every operation, option and metric is there, with the right default.
import { expect, test } from "vitest";
import { needs } from "#src/evaluations/evaluation.js";
import { evaluations } from "#src/evaluations/registry.js";
import { input } from "#src/graph/index.js";
import { methodDefaults, methodNames } from "#src/methods/registry.js";
import { pages } from "./pages.js";

const textOf = (name: string) => pages.find((page) => page.name === `docs/${name}.md`)!.text;

test("engine.md lists every operation", () => {
  const methods = Object.keys(Object.getPrototypeOf(input("x", [1]))).filter((name) => name !== "constructor");
  expect(methods.length).toBeGreaterThan(30);
  expect(methods.filter((name) => !textOf("engine").includes(`\`${name}\``))).toEqual([]);
});

test.each(methodNames)("methods.md lists every option of %s with its default", (method) => {
  const rows = textOf("methods");
  const missing = Object.entries(methodDefaults[method]).filter(
    ([name, value]) => !rows.includes(`| \`${name}\` | ${JSON.stringify(value)} |`),
  );
  expect(missing).toEqual([]);
});

test("run-directory.md lists every metric", () => {
  const names = ["loss", "reconstruction", "contrastive", "topkPrecision", "featureSpread", "gradientNorm", "lr"];
  const timings = ["imagesPerSecond", "stepSeconds", "dataWaitSeconds"];
  const rows = textOf("run-directory");
  expect([...names, ...timings].filter((name) => !rows.includes(`| \`${name}\` |`))).toEqual([]);
});

test("transfer.md lists every evaluation with what it needs, studies.md every task", () => {
  const rows = textOf("transfer");
  expect(
    evaluations.filter(({ name, needs: needed }) => !rows.includes(`| \`${name}\` | ${needs[needed]} | `)),
  ).toEqual([]);
  expect(evaluations.filter(({ task }) => !textOf("studies").includes(`\`${task}\``))).toEqual([]);
});
