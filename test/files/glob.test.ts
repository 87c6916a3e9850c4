// Patterns find what a shell would find, whatever the names are.
import { mkdirSync, symlinkSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { isGlob, matchGlob } from "#src/files/glob.js";
import { writeFiles } from "../data/image-files.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();

beforeEach(() => {
  const names = [
    "a.jpg",
    "b.jpg",
    "b.png",
    "[c].jpg",
    "d e.jpg",
    ".hidden.jpg",
    "one/a.jpg",
    "one/two/a.jpg",
    "one/.no/a.jpg",
  ];
  writeFiles(at("in"), Object.fromEntries(names.map((name) => [name, ""])));
  mkdirSync(at("in", "empty"));
  symlinkSync(at("in"), at("in", "one", "loop"));
});

describe("matchGlob", () => {
  test.each<[string, string[]]>([
    ["*.jpg", ["[c].jpg", "a.jpg", "b.jpg", "d e.jpg"]],
    ["?.*", ["a.jpg", "b.jpg", "b.png"]],
    ["[ab].jpg", ["a.jpg", "b.jpg"]],
    ["[!a].jpg", ["b.jpg"]],
    ["[a-b].p*", ["b.png"]],
    ["[b-a].jpg", []],
    ["[[]c].jpg", ["[c].jpg"]],
    ["{a,b}.{jpg,png}", ["a.jpg", "b.jpg", "b.png"]],
    ["{one/{two/,},}a.jpg", ["a.jpg", "one/a.jpg", "one/two/a.jpg"]],
    ["**/a.jpg", ["a.jpg", "one/a.jpg", "one/two/a.jpg"]],
    ["**/two/*", ["one/two/a.jpg"]],
    ["*/a.jpg", ["one/a.jpg"]],
    ["o*", ["one"]],
    [".h*", [".hidden.jpg"]],
    ["*.JPG", []],
    ["a.(jpg)", []],
    ["none/*", []],
  ])("%s", async (pattern, names) => {
    expect(await matchGlob(at("in", pattern))).toEqual(names.map((name) => at("in", name)));
  });

  test("relative patterns give relative paths", async () => {
    expect(await matchGlob("./test/files/glob.t*")).toEqual(["test/files/glob.test.ts"]);
    expect(await matchGlob("test/../test/fi?es/glob.test.ts")).toEqual(["test/../test/files/glob.test.ts"]);
  });

  test("a plain path is no pattern", () => {
    expect(["a.jpg", "a b (1).jpg", "ä^$.jpg"].map(isGlob)).toEqual([false, false, false]);
    expect(["*.jpg", "a?", "[a]", "{a,b}"].map(isGlob)).toEqual([true, true, true, true]);
  });
});
