// The list of keys, from which help texts and documentation are made.

import { describe, expect, it } from "vitest";
import { configKeys } from "#src/config/config.js";
import { methodNames } from "#src/methods/registry.js";

describe("configKeys", () => {
  it.each(methodNames)("says of every key of %s what it means, what is valid and what the default is", (method) => {
    for (const key of configKeys(method)) {
      expect(key.description, key.path).not.toBe("");
      expect(key.expected, key.path).not.toBe("a value");
      expect(key.default, key.path).toBeTypeOf("string");
    }
  });

  it("words limits so that they can be read aloud", () => {
    const expected = new Map(configKeys("mixedae").map((key) => [key.path, key.expected]));
    expect(expected.get("model.depth")).toBe("a whole number from 1 to 256");
    expect(expected.get("optimizer.betas")).toBe("a list of 2, each number of at least 0 and below 1");
    expect(expected.get("schedule.steps")).toBe("a whole number from 1 to 1,000,000,000 or null");
    expect(expected.get("methodOptions.mode")).toBe("one of compose, full");
  });

  it("gives the defaults of the preset", () => {
    const width = configKeys("mae", "base").find(({ path }) => path === "model.width");
    expect(width?.default).toBe("768");
  });
});
