// Layers from files and from path=value texts.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError } from "#src/config/errors.js";
import { layerFromAssignments, layerFromFile } from "#src/config/layer-texts.js";
import { mergeLayers } from "#src/config/layers.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-layers-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return path;
}

describe("layerFromAssignments", () => {
  it("reads values as YAML scalars and lists", () => {
    const layer = layerFromAssignments(["a.b=1e-3", "a.c=true", "a.d=[1, 2]", "e=null", "f=text with = in it", "g="]);
    expect(layer).toEqual({
      origin: "--set",
      values: { a: { b: 0.001, c: true, d: [1, 2] }, e: null, f: "text with = in it", g: null },
    });
  });

  it.each(["novalue", "=3", "a..b=3", ".a=1"])("refuses %j", (text) => {
    expect(() => layerFromAssignments([text])).toThrow(`--set ${text}: expected path=value`);
  });

  it("refuses a value that is not YAML", () => {
    expect(() => layerFromAssignments(["a=[1, 2"])).toThrow("the value is not valid YAML");
  });
});

describe("hostile values of --set", () => {
  it.each([
    [
      "one that contains itself",
      "model=&a [*a]",
      /--set model=&a \[\*a\]: the value is not valid YAML: it contains itself/,
    ],
    ["one of ten thousand levels", `model=${"[".repeat(10_000)}`, /--set model=\[+\.\.\.: .*nested too deeply$/],
    ["a path of ten thousand names", `${"a.".repeat(10_000)}b=1`, /expected at most 64 names in a path; found 10001/],
  ])("%s is a ConfigError of one line", (_, assignment, message) => {
    const refused = () => layerFromAssignments([assignment]);
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(message);
  });

  it("odd names stay plain keys", () => {
    const { values } = layerFromAssignments(["__proto__.polluted=1"]);
    expect(Object.keys(values as object)).toEqual(["__proto__"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("layerFromFile", () => {
  it("reads YAML, and JSON as YAML", () => {
    expect(layerFromFile(file("seed: 3\nmodel: {preset: tiny}\n")).values).toEqual({
      seed: 3,
      model: { preset: "tiny" },
    });
    expect(layerFromFile(file('{"seed": 3}')).values).toEqual({ seed: 3 });
    expect(layerFromFile(file("# nothing set\n")).values).toEqual({});
  });

  it("names the file in its errors", () => {
    expect(() => layerFromFile(join(folder, "none.yaml"))).toThrow(/cannot read .*none.yaml/);
    expect(() => layerFromFile(file("a: [1"))).toThrow(/config.yaml is not valid YAML/);
    const doubled = Array.from({ length: 30 }, (_, n) => `k${n + 1}: &k${n + 1} [*k${n}, *k${n}]`);
    const bomb = `k0: &k0 [0]\n${doubled.join("\n")}`;
    expect(() => layerFromFile(file(bomb))).toThrow(/config.yaml is not valid YAML: .*alias/);
    expect(() => layerFromFile(file("a: 1\na: 2"))).toThrow("Map keys must be unique");
  });
});

describe("mergeLayers", () => {
  it("merges mappings, replaces lists, and remembers where each value is from", () => {
    const { values, origins } = mergeLayers([
      { origin: "one", values: { a: { b: 1, c: [1, 2] }, d: 1 } },
      { origin: "two", values: { a: { c: [3] }, d: { e: 1 } } },
    ]);
    expect(values).toEqual({ a: { b: 1, c: [3] }, d: { e: 1 } });
    expect([origins.get("a.b"), origins.get("a.c"), origins.get("d.e")]).toEqual(["one", "two", "two"]);
  });

  it("leaves the layers as they were", () => {
    const layer = { origin: "one", values: { a: { b: 1 } } };
    mergeLayers([layer, { origin: "two", values: { a: { b: 2 } } }]);
    expect(layer.values).toEqual({ a: { b: 1 } });
  });

  it("refuses layers that would never end, such as a config.json of a hundred thousand levels", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`);
    expect(() => mergeLayers([{ origin: "config.json", values: deep }])).toThrow(
      "it is nested more than 64 levels deep",
    );
    const list = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect(() => mergeLayers([{ origin: "config.json", values: list }])).toThrow("found a value that is nested more");
  });

  it("refuses a layer that is not a mapping", () => {
    expect(() => mergeLayers([{ origin: "a.yaml", values: [1] }])).toThrow("a.yaml: expected a mapping");
  });
});
