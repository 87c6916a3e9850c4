// Files, folders and patterns as one list of images.
import { beforeEach, describe, expect, test } from "vitest";
import { findImagePaths } from "#src/data/index.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { writeFiles } from "./image-files.js";

const at = temporaryFolder();

beforeEach(() => {
  const names = ["a.jpg", "notes.txt", "deep/b.png", "deep/er/c.jpeg", "[x].png", "texts/readme.md"];
  writeFiles(at("in"), Object.fromEntries(names.map((name) => [name, ""])));
});

const namesOf = (paths: readonly string[]) => paths.map((path) => path.slice(at("in").length + 1));

describe("findImagePaths", () => {
  test("takes files as they are, the images of folders, and those that match", async () => {
    const found = await findImagePaths([at("in/notes.txt"), at("in/deep"), at("in/*"), at("in/[x].png")]);
    // The pattern also matches folders: all images in them.
    expect(namesOf(found.paths)).toEqual(["notes.txt", "deep/b.png", "deep/er/c.jpeg", "[x].png", "a.jpg"]);
    expect(found.paths.map((_, index) => found.isNamed(index))).toEqual([true, false, false, true, false]);
  });

  test("takes .npy arrays from folders without other images, and where a pattern means them", async () => {
    writeFiles(at("in"), { "bands/0.npy": "", "bands/1.npy": "", "deep/features.npy": "" });
    const { paths } = await findImagePaths([at("in/bands"), at("in/deep")]);
    expect(namesOf(paths)).toEqual(["bands/0.npy", "bands/1.npy", "deep/b.png", "deep/er/c.jpeg"]);
    expect(namesOf((await findImagePaths([at("in/bands/*1.npy")])).paths)).toEqual(["bands/1.npy"]);
    expect(namesOf((await findImagePaths([at("in/deep/*")])).paths)).toEqual(["deep/b.png", "deep/er/c.jpeg"]);
  });

  test("names everything that is missing at once", async () => {
    const given = [at("in/a.jpg"), at("in/no.jpg"), at("in/*.gif"), at("in/a.jpg/b.jpg")];
    await expect(findImagePaths(given)).rejects.toThrow(
      `Expected images at ${given.slice(1).join(", ")}, but found nothing there.`,
    );
  });

  test("says what is in a folder without images", async () => {
    await expect(findImagePaths([at("in/texts")])).rejects.toThrow(
      /Expected image files in .*texts .*, but found 1 other file \(readme.md\)/,
    );
  });
});
