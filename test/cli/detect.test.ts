// mixedae detect evaluate: COCO's numbers as a table and as JSON, and files that are wrong.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../data/image-files.js";
import { record } from "./recording.js";

function files(results: unknown) {
  const folder = temporaryFolder();
  const [annotations, found] = [join(folder, "a.json"), join(folder, "r.json")];
  const truth = {
    images: [{ id: 1, file_name: "a.png", width: 100, height: 80 }],
    categories: [
      { id: 1, name: "cat" },
      { id: 9, name: "dog\u001b[31m" },
    ],
    annotations: [{ id: 4, image_id: 1, category_id: 1, bbox: [10, 10, 50, 50], area: 2500, iscrowd: 0 }],
  };
  writeFileSync(annotations, JSON.stringify(truth));
  writeFileSync(found, JSON.stringify(results));
  return ["--annotations", annotations, "--results", found];
}

const right = { image_id: 1, category_id: 1, score: 0.9, bbox: [10, 10, 50, 50] };

test("prints COCO's twelve numbers and those of each category", async () => {
  const { exitCode, out } = await record(["detect", "evaluate", ...files([right])]);
  expect(exitCode).toBe(0);
  expect(out).toContain("1 detections, 1 objects in 1 images");
  expect(out).toMatch(/\n {2}AP +100\.0\n/);
  expect(out).toMatch(/\n {2}AP small +-\n/);
  expect(out).toMatch(/\n {2}cat +100\.0\n/);
  expect(out).not.toContain("\u001b");
});

test("prints JSON in COCO's order, masks where there are some", async () => {
  const boxes = JSON.parse((await record(["detect", "evaluate", ...files([right]), "--json"])).out);
  expect(Object.keys(boxes)).toEqual(["bbox"]);
  expect(boxes.bbox).toHaveLength(12);
  expect(boxes.bbox[3]).toBe(-1);
  const polygon = [10, 10, 60, 10, 60, 60, 10, 60];
  const both = JSON.parse(
    (await record(["detect", "evaluate", ...files([{ ...right, segmentation: [polygon] }]), "--json"])).out,
  );
  expect(both.segm[0]).toBeCloseTo(1, 12);
  expect(both.segm[4]).toBeCloseTo(1, 12);
});

test.each([
  [[{ ...right, image_id: 3 }], /detection 0: expected an image of the annotations; found 3/],
  [[{ ...right, bbox: [1] }], /r\.json: COCO file: detection 0: expected a bbox/],
  [{ ...right }, /expected a list of detections/],
])("refuses %j in words", async (results, message) => {
  const { exitCode, err } = await record(["detect", "evaluate", ...files(results)]);
  expect(exitCode).toBe(2);
  expect(err).toMatch(message);
});
