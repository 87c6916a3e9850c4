// Tar: names, places and sizes of files in every dialect that is in use, and refusal of everything else.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { FormatError } from "#src/formats/errors.js";
import { listTar, looksLikeTar, type TarEntry } from "#src/formats/tar.js";
import { paxRecord, tarArchive, tarEntry } from "./tar-writer.js";

function list(archive: Uint8Array): TarEntry[] {
  return [...listTar((offset, length) => archive.subarray(offset, offset + length), archive.length)];
}

function contents(archive: Uint8Array): Record<string, string> {
  const texts = list(archive).map(({ name, offset, size }) => [
    name,
    Buffer.from(archive.subarray(offset, offset + size)).toString(),
  ]);
  return Object.fromEntries(texts);
}

const longName = `${"folder/".repeat(40)}file.png`;

describe("listTar", () => {
  test("gives name, place and size of each file", () => {
    const archive = tarArchive({ name: "a.png", data: "first" }, { name: "empty" }, { name: "b.cls", data: "7" });
    expect(contents(archive)).toEqual({ "a.png": "first", empty: "", "b.cls": "7" });
  });

  test("joins the prefix of POSIX archives, but not GNU's fields in the same place", () => {
    expect(list(tarArchive({ name: "a", prefix: "some/where" }))[0]?.name).toBe("some/where/a");
    expect(list(tarArchive({ name: "a", prefix: "000111", magic: "ustar  \0" }))[0]?.name).toBe("a");
    expect(list(tarArchive({ name: "a", prefix: "x", magic: "\0\0\0\0\0\0\0\0" }))[0]?.name).toBe("a");
  });

  test("takes long names from GNU and pax headers, for the next file only", () => {
    const gnu = tarArchive(
      { name: "@", type: "L", data: `${longName}\0` },
      { name: "cut", data: "x" },
      { name: "next" },
    );
    expect(contents(gnu)).toEqual({ [longName]: "x", next: "" });
    const records = paxRecord("mtime", "1.5") + paxRecord("path", "größe/😀.png");
    const pax = tarArchive({ name: "pax", type: "x", data: records }, { name: "cut", data: "y" }, { name: "next" });
    expect(contents(pax)).toEqual({ "größe/😀.png": "y", next: "" });
  });

  test("takes sizes from pax headers and from GNU's binary form", () => {
    const pax = tarArchive(
      { name: "pax", type: "x", data: paxRecord("size", "3") },
      { name: "a", data: "abc", sizeField: "00000000000\0" },
      { name: "b", data: "d" },
    );
    expect(contents(pax)).toEqual({ a: "abc", b: "d" });
    const binary = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3);
    expect(contents(tarArchive({ name: "a", data: "abc", sizeField: binary }))).toEqual({ a: "abc" });
  });

  test("passes over folders, links, labels and global headers", () => {
    const archive = tarArchive(
      { name: "global", type: "g", data: paxRecord("comment", "hello") },
      { name: "label", type: "V" },
      { name: "folder/", type: "5" },
      { name: "link", type: "2", sizeField: "00000000777\0" },
      { name: "long", type: "K", data: "target\0" },
      { name: "hard", type: "1" },
      { name: "a", data: "x" },
    );
    expect(contents(archive)).toEqual({ a: "x" });
  });

  test("accepts an archive without its end mark and ignores what follows one", () => {
    expect(contents(tarEntry({ name: "a", data: "x" }))).toEqual({ a: "x" });
    expect(contents(Buffer.concat([tarArchive({ name: "a" }), Buffer.from("trailing")]))).toEqual({ a: "" });
    expect(list(new Uint8Array())).toEqual([]);
  });

  const wrongSum = tarArchive({ name: "a", data: "x" });
  wrongSum[3] = 65;
  test.each([
    ["a wrong checksum", wrongSum, /checksum.*byte 0/],
    ["a gzipped archive", Buffer.concat([Uint8Array.of(0x1f, 0x8b), Buffer.alloc(600)]), /gzipped; unpack/],
    ["a cut header", tarArchive({ name: "a" }).subarray(0, 300), /within a header/],
    ["cut data", tarEntry({ name: "a", data: "x".repeat(600) }).subarray(0, 1024), /"a" should have 600 bytes/],
    ["a cut last block", tarEntry({ name: "a", data: "x" }).subarray(0, 900), /within the block after "a"/],
    ["a size that is no number", tarArchive({ name: "a", sizeField: "hello" }), /no valid number/],
    ["a negative binary size", tarArchive({ name: "a", sizeField: new Uint8Array(12).fill(255) }), /no valid number/],
    ["a sparse file", tarArchive({ name: "a", type: "S" }), /type "S", which is not supported/],
    ["a part of several volumes", tarArchive({ name: "a", type: "M" }), /type "M"/],
    ["pax sparse files", tarArchive({ name: "p", type: "x", data: paxRecord("GNU.sparse.major", "1") }), /sparse/],
    ["a pax record of length 0", tarArchive({ name: "p", type: "x", data: "0 a=b\n" }), /length is wrong/],
    ["a pax record beyond the end", tarArchive({ name: "p", type: "x", data: "99 a=b\n" }), /length is wrong/],
    ["a pax record without key", tarArchive({ name: "p", type: "x", data: "5 ab\n" }), /without a key/],
    ["a pax size that is none", tarArchive({ name: "p", type: "x", data: paxRecord("size", "-1") }), /is not a number/],
  ])("refuses %s", (_, archive, message) => {
    expect(() => list(archive)).toThrow(FormatError);
    expect(() => list(archive)).toThrow(message);
  });

  test("refuses a name of megabytes before it reads it", () => {
    const header = tarEntry({ name: "@", type: "L", sizeField: "00040000000\0" });
    const asked: number[] = [];
    const read = (offset: number, length: number) => {
      asked.push(length);
      return header.subarray(offset, offset + length);
    };
    expect(() => [...listTar(read, 2 ** 30)]).toThrow(/too long/);
    expect(Math.max(...asked)).toBe(512);
  });

  test("refuses names that no system has, which would fill the memory", () => {
    const named = (length: number) =>
      tarArchive({ name: "x", type: "x", data: paxRecord("path", "n".repeat(length)) }, { name: "a", data: "1" });
    expect(list(named(16_384))[0]!.name).toHaveLength(16_384);
    expect(() => list(named(16_385))).toThrow("a name of 16385 characters is too long");
  });

  test("gives values or one FormatError for any damaged archive, and ends", () => {
    const intact = tarArchive(
      { name: "pax", type: "x", data: paxRecord("path", longName) + paxRecord("size", "3") },
      { name: "a", data: "abc" },
      { name: "@", type: "L", data: `${longName}\0` },
      { name: "b.jpg", data: "x".repeat(700) },
    );
    const damage = fc.array(fc.tuple(fc.nat(intact.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(damage, fc.nat(intact.length), fc.boolean(), (changes, length, mend) => {
        const bytes = Buffer.from(intact.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        if (mend) for (let at = 0; at + 512 <= bytes.length; at += 512) mendChecksum(bytes.subarray(at, at + 512));
        try {
          for (const { offset, size } of list(bytes)) expect(offset + size).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const hasTar = (() => {
    try {
      return execFileSync("tar", ["--version"]).includes("GNU tar");
    } catch {
      return false;
    }
  })();
  test.skipIf(!hasTar)("reads what GNU tar writes in each of its formats (needs GNU tar)", () => {
    const folder = mkdtempSync(join(tmpdir(), "tar-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const files = {
      "a.png": "first",
      "folder/b.cls": "7",
      [longName]: "far away",
      "folder/größe.jpg": "x".repeat(1500),
    };
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, "in", name)), { recursive: true });
      writeFileSync(join(folder, "in", name), text);
    }
    symlinkSync("a.png", join(folder, "in", "link.png"));
    for (const format of ["gnu", "pax", "oldgnu"]) {
      const path = join(folder, `${format}.tar`);
      execFileSync("tar", ["-c", `--format=${format}`, "-f", path, "-C", join(folder, "in"), "."]);
      const found = contents(readFileSync(path));
      const expected = Object.entries(files).map(([name, text]) => [`./${name}`, text]);
      expect(found, format).toEqual(Object.fromEntries(expected));
    }
  });
});

describe("looksLikeTar", () => {
  test("tells archives from other files", () => {
    expect(looksLikeTar(tarArchive({ name: "a" }))).toBe(true);
    expect(looksLikeTar(new Uint8Array(512))).toBe(false);
    expect(looksLikeTar(Buffer.alloc(512, "text "))).toBe(false);
    expect(looksLikeTar(new Uint8Array(10))).toBe(false);
  });
});

/** Makes a damaged block pass the checksum, so that the damage reaches what lies behind it. */
function mendChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}
