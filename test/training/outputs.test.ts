// Where results may be written: nothing is replaced unasked, and no picture becomes an image of a set.
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "#src/files/storage-error.js";
import { OutputError } from "#src/training/errors.js";
import { prepareOutputs, refuseAmongImages } from "#src/training/outputs.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();

beforeEach(() => {
  mkdirSync(at("images", "red"), { recursive: true });
  writeFileSync(at("there.png"), "");
});

describe("prepareOutputs", () => {
  test("makes the folders of the files, and nothing else", async () => {
    await prepareOutputs([at("a", "b", "x.json"), at("a", "b", "x.png"), at("c", "y.json")]);
    expect([existsSync(at("a", "b")), existsSync(at("c"))]).toEqual([true, true]);
    expect(existsSync(at("c", "y.json"))).toBe(false);
  });

  test("refuses a name that is taken, by a link to nothing too, unless it may be replaced", async () => {
    symlinkSync(at("nowhere"), at("link.png"));
    for (const name of ["there.png", "link.png"]) {
      const error = await prepareOutputs([at("new", "x.json"), at(name)]).catch((failure) => failure);
      expect(error).toBeInstanceOf(OutputError);
      expect(error.message).toContain(`found a file at ${at(name)}. Choose another name, or add --overwrite`);
      expect(existsSync(at("new"))).toBe(false);
      await prepareOutputs([at(name)], { overwrite: true });
    }
  });

  test("refuses a folder's name in any case", async () => {
    await expect(prepareOutputs([at("images")], { overwrite: true })).rejects.toThrow("found the folder");
  });

  test("refuses what it is made from in any case, by whatever name", async () => {
    symlinkSync(at("there.png"), at("link.png"));
    symlinkSync(at(), at("loop"));
    for (const input of [at("there.png"), at("link.png"), relative(".", at("there.png")), at("loop", "there.png")]) {
      const rules = { overwrite: true, inputs: [at("other.png"), input] };
      await expect(prepareOutputs([at("there.png")], rules), input).rejects.toThrow("other than what it is made from");
    }
    await prepareOutputs([at("there.png")], { overwrite: true, inputs: [at("other.png")] });
  });

  test("refuses pictures among the images, and lets other files lie there", async () => {
    const rules = { overwrite: true, sources: [null, [at("none"), at("images")]] };
    await expect(prepareOutputs([at("images", "red", "x.PNG")], rules)).rejects.toThrow(
      `outside the images in ${at("images")}`,
    );
    await prepareOutputs([at("images", "red", "x.json"), at("x.png")], rules);
  });

  test("says why a folder cannot be made or written into", async () => {
    await expect(prepareOutputs([at("there.png", "x.json")])).rejects.toBeInstanceOf(StorageError);
    // Nothing is read-only for the superuser: then there is nothing to refuse.
    if (process.getuid?.() === 0) return;
    chmodSync(at("images"), 0o555);
    await expect(prepareOutputs([at("images", "x.json")])).rejects.toThrow("Permission denied");
    chmodSync(at("images"), 0o755);
  });
});

describe("refuseAmongImages", () => {
  test("refuses the set's folder and all below it, whether that exists or not", () => {
    symlinkSync(at("images"), at("link"));
    const linked = at("link", "red", "new", "run");
    for (const folder of [at("images"), at("images", "red"), at("images", "a", "b"), at("link"), linked]) {
      expect(() => refuseAmongImages(folder, [at("images")]), folder).toThrow(OutputError);
      expect(() => refuseAmongImages(folder, [at("link")]), folder).toThrow(OutputError);
      expect(() => refuseAmongImages(relative(".", folder), [relative(".", at("images"))]), folder).toThrow(
        OutputError,
      );
    }
  });

  test("refuses the folder that a class is a link to", () => {
    mkdirSync(at("elsewhere", "blue"), { recursive: true });
    symlinkSync(at("elsewhere", "blue"), at("images", "blue"));
    expect(() => refuseAmongImages(at("elsewhere", "blue", "run"), [at("images")])).toThrow(OutputError);
    refuseAmongImages(at("elsewhere", "run"), [at("images")]);
  });

  test("lets results lie beside the set, around it, and under a name that only begins alike", () => {
    for (const folder of [at(), at("images-too"), at("runs", "a"), at("images", "..", "run")]) {
      refuseAmongImages(folder, [at("images"), null, undefined, at("missing")]);
    }
  });

  test("refuses a set that lies where the pictures go", () => {
    mkdirSync(at("run", "pictures", "good"), { recursive: true });
    const filled = [at("run", "pictures")];
    for (const source of [at("run", "pictures"), at("run", "pictures", "good")]) {
      expect(() => refuseAmongImages(at("run"), [source], { filled })).toThrow(/whose pictures would become images/);
    }
    refuseAmongImages(at("run"), [at("images")], { filled });
  });
});
