// mixedae data stats: the numbers in words and as JSON, and flags that can be given to a run as they are.
import { expect, test } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { patternFiles, temporaryFolder, writeFiles } from "../data/image-files.js";
import { record } from "./recording.js";

test("prints mean and deviation, and what to give to a run", async () => {
  const folder = writeFiles(temporaryFolder(), { ...(await patternFiles(5)), "broken.png": "none" });
  const { out, exitCode } = await record(["data", "stats", folder, "--image-size", "10"]);
  expect(exitCode).toBe(0);
  expect(out).toContain("6 image files");
  expect(out).toContain("Skipped broken.png");
  expect(out).toContain("Measured over 5 images.");
  const assignments = [...out.matchAll(/--set "([^"]+)"/g)].map(([, assignment]) => assignment!);
  const { data } = resolveConfig([layerFromAssignments([`source=${folder}`, ...assignments])]);
  expect(out).toContain(`mean       ${data.mean.join(", ")}\ndeviation  ${data.std.join(", ")}\n`);
});

test("as JSON prints nothing else", async () => {
  const folder = writeFiles(temporaryFolder(), await patternFiles(5));
  const flags = ["--json", "--images", "3", "--channels", "1", "--image-size", "10"];
  const { out, err } = await record(["data", "stats", folder, ...flags]);
  const result = JSON.parse(out) as { readonly mean: readonly number[]; readonly std: readonly number[] };
  expect(result).toMatchObject({ images: 3, imageSize: 10, channels: 1 });
  expect([result.mean.length, result.std.length]).toEqual([1, 1]);
  expect(err).toContain("5 image files");
});

test.each<[string, readonly string[], number, string]>([
  ["a path to nothing", [":none"], 2, "nothing there"],
  ["no image size", ["--image-size", "0"], 2, "--image-size"],
  ["channels that image files do not have", ["--channels", "5"], 1, "it has 3 channels instead of 5 (model.channels)"],
])("%s is refused in words", async (_, flags, exitCode, message) => {
  const folder = writeFiles(temporaryFolder(), await patternFiles(2));
  const args = flags[0] === ":none" ? [`${folder}/none`] : [folder, ...flags];
  const recorded = await record(["data", "stats", ...args]);
  expect(recorded.exitCode).toBe(exitCode);
  expect(recorded.err).toContain(message);
});
