// Files that a path leads to: regular ones of a moderate size, and nothing else.

import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { FileError } from "#src/files/file-error.js";
import { openRegular, readBytes, readText } from "#src/files/regular-file.js";
import { hasSpecialFiles, makePipe } from "./special-files.js";
import { temporaryFolder } from "./temporary-folder.js";

const at = temporaryFolder();

describe.skipIf(!hasSpecialFiles)("what is no regular file is refused at once", () => {
  test("a named pipe, also behind a link", () => {
    makePipe(at("pipe"));
    symlinkSync(at("pipe"), at("link"));
    for (const path of [at("pipe"), at("link")]) {
      expect(() => openRegular(path)).toThrow(/^expected a regular file; found a pipe/);
    }
  });

  test("a device without an end", () => {
    expect(() => readText("/dev/zero")).toThrow("expected a regular file; found a device");
  });

  test("a socket", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
    try {
      expect(() => readText(at("socket"))).toThrow("expected a regular file; found a socket");
    } finally {
      server.close();
    }
  });
});

test("a folder is no file", () => {
  mkdirSync(at("folder"));
  expect(() => readText(at("folder"))).toThrow("expected a regular file; found a folder");
});

test("a missing file has the system's code", () => {
  expect(() => readText(at("none"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
});

test("a file over the limit is refused before it is read, one at the limit is read", () => {
  writeFileSync(at("file"), "four");
  expect(readText(at("file"), 4)).toBe("four");
  expect(() => readText(at("file"), 3)).toThrow(FileError);
  truncateSync(at("file"), 2 ** 40);
  expect(() => readBytes(at("file"), 2 ** 20)).toThrow("expected a file of at most 1 MiB; found 1,048,576 MiB");
});

test("an empty file is empty", () => {
  writeFileSync(at("empty"), "");
  expect(readText(at("empty"))).toBe("");
});

test.skipIf(process.platform !== "linux")(
  "files that say they are empty are read to their end, up to the limit",
  () => {
    expect(readText("/proc/self/status")).toMatch(/^Name:/);
    expect(() => readBytes("/proc/self/status", 10)).toThrow("at most 10 bytes");
  },
);
