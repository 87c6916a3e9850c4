// The system's error codes in plain words.

import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { makeFolder, namesIn, readFully, storageError, withDescriptor } from "#src/files/storage.js";
import { StorageError } from "#src/files/storage-error.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();
const systemError = (code: string) => Object.assign(new Error(`${code}: something`), { code });

describe("storageError", () => {
  it.each([
    ["ENOSPC", "Cannot write /run/a: The disk is full. Free some space (ENOSPC)."],
    ["EROFS", "The file system is read-only. Choose another folder, or mount it for writing (EROFS)."],
    ["EACCES", "Permission denied."],
    ["EODD", "EODD: something (EODD)."],
  ])("explains %s", (code, words) => {
    const error = storageError(systemError(code), "write", "/run/a");
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code, path: "/run/a" });
    expect(error.message).toContain(words);
  });

  it("leaves other errors as they are", () => {
    const error = new TypeError("a bug");
    expect(storageError(error, "write", "/run/a")).toBe(error);
    const known = storageError(systemError("EIO"), "write", "/run/a");
    expect(storageError(known, "write", "/run/b")).toBe(known);
  });
});

describe("folders and descriptors", () => {
  it("makes folders, and says when it cannot", async () => {
    await makeFolder(at("a", "b"));
    await makeFolder(at("a", "b"));
    writeFileSync(at("file"), "");
    await expect(makeFolder(at("file"))).rejects.toThrow(StorageError);
    await expect(makeFolder(at("file", "c"))).rejects.toThrow(StorageError);
  });

  it("lists names in order, and none of a folder that does not exist", async () => {
    for (const name of ["b", "a"]) mkdirSync(at(name));
    expect(await namesIn(at())).toEqual(["a", "b"]);
    expect(await namesIn(at("none"))).toEqual([]);
    writeFileSync(at("file"), "");
    await expect(namesIn(at("file"))).rejects.toThrow(StorageError);
  });

  it("reads what there is", async () => {
    writeFileSync(at("file"), "hello");
    const target = new Uint8Array(10);
    expect(await withDescriptor(at("file"), (descriptor) => readFully(descriptor, target, 2))).toBe(3);
    expect(Buffer.from(target).toString("latin1")).toBe("llo\0\0\0\0\0\0\0");
  });
});
