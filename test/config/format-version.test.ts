// The version that a run's config.json is written in.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { layerFromFile, resolveConfig } from "#src/config/config.js";
import { checkFormatVersion, withFormatVersion } from "#src/config/format-version.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-format-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what is written is read again, and what has no version is of before", () => {
  const config = { method: "mae", seed: 3 };
  expect(withFormatVersion(config)).toEqual({ formatVersion: 1, ...config });
  expect(checkFormatVersion(withFormatVersion(config), "config.json")).toEqual(config);
  for (const values of [config, [], null, "text"]) expect(checkFormatVersion(values, "config.json")).toBe(values);
});

test("a newer version is refused in words, and so is what is none", () => {
  expect(() => checkFormatVersion({ formatVersion: 2 }, "runs/a/config.json")).toThrow(
    "runs/a/config.json was written by a newer mixedae: expected format version 1 or older; found 2. Update mixedae",
  );
  for (const formatVersion of [0, 0.5, "1", null]) {
    expect(() => checkFormatVersion({ formatVersion }, "config.json")).toThrow(
      `expected formatVersion to be 1; found ${JSON.stringify(formatVersion)}`,
    );
  }
});

test("a run's config.json is a layer of a new run's configuration", () => {
  const path = join(folder, "config.json");
  const config = resolveConfig([{ origin: "test", values: { source: "photos" } }]);
  writeFileSync(path, JSON.stringify(withFormatVersion(config)));
  expect(resolveConfig([layerFromFile(path)])).toEqual(config);
  writeFileSync(path, readFileSync(path, "utf8").replace('"formatVersion":1', '"formatVersion":7'));
  expect(() => layerFromFile(path)).toThrow("newer mixedae");
});
