// What the page says and keeps: addresses, configurations, tables for other programs, words.
import { expect, test } from "vitest";
import { comparedConfigs, sectionsOf } from "../../../src/dashboard/page/configuration.js";
import { joinedCsv } from "../../../src/dashboard/page/downloads.js";
import { merged } from "../../../src/dashboard/page/live-overview.js";
import { addressOf, parseRoute, type Route } from "../../../src/dashboard/page/routes.js";
import { agoText, durationText, metricName, pathParts, valueText } from "../../../src/dashboard/page/words.js";

test.each<Route>([
  { page: "runs", selected: [] },
  { page: "runs", selected: ["a", "b"] },
  { page: "run", id: "a" },
  { page: "studies" },
  { page: "study", id: "a" },
])("the address of %j leads back to it", (route) => {
  expect(parseRoute(addressOf(route))).toEqual(route);
});

test("an unknown address shows the runs", () => {
  for (const hash of ["", "#", "#/", "#/nothing", "#token=x"]) {
    expect(parseRoute(hash)).toEqual({ page: "runs", selected: [] });
  }
});

test("configurations are compared key by key", () => {
  const rows = comparedConfigs([
    { method: "mae", model: { width: 96, sizes: [1, 2] } },
    { method: "mixedae", model: { width: 96, sizes: [1, 2] }, extra: null },
  ]);
  expect(rows).toEqual([
    { key: "method", values: ["mae", "mixedae"], differs: true },
    { key: "model.width", values: ["96", "96"], differs: false },
    { key: "model.sizes", values: ["[1,2]", "[1,2]"], differs: false },
    { key: "extra", values: [undefined, "null"], differs: true },
  ]);
  expect(comparedConfigs([null, "text"])).toEqual([]);
});

test("one configuration is shown by sections", () => {
  expect(sectionsOf({ method: "mae", model: { width: 96 } })).toEqual([
    { section: "general", rows: [["method", "mae"]] },
    { section: "model", rows: [["width", "96"]] },
  ]);
});

test("the steps of several runs are one table", () => {
  const tables = [
    { name: "runs/a", text: "step,loss\n1,3\n2,\n" },
    { name: "runs/b, old", text: "step,extra,loss\n1,7,2\n" },
  ];
  expect(joinedCsv(tables)).toBe('run,step,loss,extra\nruns/a,1,3,\nruns/a,2,,\n"runs/b, old",1,2,7\n');
});

test("rows keep their places when they change", () => {
  const row = (id: string, step = 0) => ({ id, step });
  expect(merged([row("a"), row("b"), row("c")], [row("b", 5), row("d")], ["a"])).toEqual([
    row("b", 5),
    row("c"),
    row("d"),
  ]);
});

test("numbers and names read well", () => {
  expect([0, 0.46488, 812.34, 123456, 0.000012, null, Number.NaN].map(valueText)).toEqual([
    ...["0", "0.4649", "812.3", "123,456", "1.2e-5", "–", "–"],
  ]);
  expect([0, 5, 60, 7500, 90_000].map(durationText)).toEqual(["0 s", "5 s", "1 min", "2 h 5 min", "1 d 1 h"]);
  expect(agoText("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:05:00Z"))).toBe("5 min ago");
  expect(["featureSpread", "topkPrecision", "loss"].map(metricName)).toEqual([
    "Feature spread",
    "TopK precision",
    "Loss",
  ]);
  expect(pathParts("runs/a")).toEqual({ before: "runs/", last: "a" });
});
