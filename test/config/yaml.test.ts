// YAML from anywhere: what is wrong with it is said in one sentence, soon, whatever it is.

import { describe, expect, it } from "vitest";
import { parseYaml } from "#src/config/yaml.js";

describe("parseYaml", () => {
  it("reads values, shared ones included", () => {
    expect(parseYaml("a: &x [1, 2]\nb: *x\nc: {d: [*x, *x]}")).toEqual({
      a: [1, 2],
      b: [1, 2],
      c: {
        d: [
          [1, 2],
          [1, 2],
        ],
      },
    });
    expect(parseYaml("")).toBeNull();
    expect(parseYaml(`${"[".repeat(60)}1${"]".repeat(60)}`)).toBeInstanceOf(Array);
    const block = Array.from({ length: 60 }, (_, level) => `${" ".repeat(level)}a:`).join("\n");
    expect(parseYaml(block)).toMatchObject({ a: { a: { a: {} } } });
  });

  it("reads a list of ten thousand archives", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `/data/set/shard-${index}.tar`);
    expect(parseYaml(`source:\n${names.map((name) => `  - ${name}\n`).join("")}`)).toEqual({ source: names });
  });

  it.each([
    ["a list in itself", "a: &a [*a]", /^it contains itself/],
    ["a mapping in itself", "model: &m\n  inner:\n    - *m\n", /^it contains itself/],
    ["open brackets", "[".repeat(10_000), /^its values are nested too deeply$/],
    ["closed brackets", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, /^its values are nested too deeply$/],
    ["mappings in mappings", "{a: ".repeat(10_000), /^its values are nested too deeply$/],
    ["lists on one line", "- ".repeat(10_000), /^its values are nested too deeply$/],
    ["keys of keys", "? ".repeat(10_000), /^its values are nested too deeply$/],
    ["65 levels", `${"[".repeat(65)}${"]".repeat(65)}`, /^it is nested more than 64 levels deep$/],
    [
      "a large mapping",
      Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n"),
      /^it has more than 10000 keys$/,
    ],
    ["many empty lists", `[${"[],".repeat(100_000)}]`, /^it has more than 200000 words and marks$/],
    ["many anchors", "&a ".repeat(150_000), /^it has more than 200000 words and marks$/],
    ["a long text", "a".repeat(2 ** 20 + 1), /^it is longer than 1048576 bytes$/],
    ["equal keys", "seed: 1\nseed: 2", /^Map keys must be unique at line 2, column 1$/],
    ["two documents", "a: 1\n---\nb: 2", /^Source contains multiple documents/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });

  it("keeps odd names as plain keys, for the schema to refuse", () => {
    const value = parseYaml("__proto__: {polluted: 1}\n<<: {a: 1}") as object;
    expect(Object.keys(value)).toEqual(["__proto__", "<<"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
