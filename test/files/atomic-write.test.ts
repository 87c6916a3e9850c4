// A name always stands for whole content, whatever fails on the way.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { removeLeftovers, writeAtomically, writeJson } from "#src/files/atomic-write.js";
import { StorageError } from "#src/files/storage-error.js";
import { failingFiles, type Operation, sluggishFiles } from "./failing-files.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();
const parts = (text: string) => [...text].map((letter) => Buffer.from(letter));

describe("writeAtomically", () => {
  it("writes the parts in order, over what was there", async () => {
    writeFileSync(at("file"), "something longer than the new content");
    await writeAtomically(at("file"), parts("new"));
    expect(readFileSync(at("file"), "utf8")).toBe("new");
    expect(readdirSync(at())).toEqual(["file"]);
  });

  it("goes on where the system writes only a part", async () => {
    await writeAtomically(at("file"), [Buffer.from("several "), Buffer.from("words")], sluggishFiles(3));
    expect(readFileSync(at("file"), "utf8")).toBe("several words");
  });

  it.each<[Operation, number]>([
    ["open", 1],
    ["write", 1],
    ["write", 3],
    ["sync", 1],
    ["close", 1],
    ["rename", 1],
  ])("keeps the old content, and nothing else, when %s fails at call %d", async (operation, call) => {
    writeFileSync(at("file"), "old");
    const failure = await writeAtomically(at("file"), parts("new"), failingFiles(operation, call)).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(StorageError);
    expect(failure).toMatchObject({ code: "ENOSPC", path: at("file") });
    expect(failure.message).toContain("The disk is full. Free some space (ENOSPC).");
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    expect(readdirSync(at())).toEqual(["file"]);
  });

  it("keeps the old content when the parts fail to be made", async () => {
    writeFileSync(at("file"), "old");
    async function* failing() {
      yield Buffer.from("new");
      throw new Error("no more");
    }
    await expect(writeAtomically(at("file"), failing())).rejects.toThrow("no more");
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    expect(readdirSync(at())).toEqual(["file"]);
  });

  it("ends with an error when the file system takes no bytes and does not say why", async () => {
    await expect(writeAtomically(at("file"), parts("new"), sluggishFiles(0))).rejects.toThrow("no more bytes");
  });

  it("says when the folder is gone", async () => {
    await expect(writeAtomically(at("none", "file"), parts("new"))).rejects.toThrow(
      "There is no such file or folder. Check the path (ENOENT)",
    );
  });

  it("accepts a file system whose folders cannot be synced", async () => {
    // The second sync is that of the folder.
    await writeAtomically(at("file"), parts("new"), failingFiles("sync", 2, "EINVAL"));
    expect(readFileSync(at("file"), "utf8")).toBe("new");
  });
});

it("JSON is written indented, with a line break at its end", async () => {
  await writeJson(at("file"), { a: [1] });
  expect(readFileSync(at("file"), "utf8")).toBe('{\n  "a": [\n    1\n  ]\n}\n');
});

describe("removeLeftovers", () => {
  it("deletes what killed processes left, and nothing else", async () => {
    const others = [".hidden", "a.tmp", "step-00000001.safetensors"];
    const leftovers = [".metrics.99.tmp", ".step-00000002.safetensors.1234.tmp"];
    for (const name of [...others, ...leftovers]) writeFileSync(at(name), "");
    expect(await removeLeftovers(at())).toEqual(leftovers);
    expect(readdirSync(at()).sort()).toEqual(others);
    expect(await removeLeftovers(at("none"))).toEqual([]);
  });
});
