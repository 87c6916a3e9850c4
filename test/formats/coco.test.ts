// COCO's files: what is read of them, what is refused and by which id, and that nothing else is ever thrown.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCocoInstances, segmentationRuns } from "#src/formats/coco.js";
import { parseCocoResults } from "#src/formats/coco-results.js";
import { FormatError } from "#src/formats/errors.js";

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

const image = { id: 9, file_name: "a/b.jpg", width: 6, height: 4, license: 3 };
const annotation = {
  ...{ id: 77, image_id: 9, category_id: 18, bbox: [1, 1, 2, 2.5], area: 4.5, iscrowd: 0 },
  segmentation: [
    [1, 1, 3, 1, 3, 3, 1, 3],
    [4, 0, 5, 0, 5, 1],
  ],
};
const file = (change: object = {}, further: object = {}) => ({
  info: {},
  images: [image, { ...image, id: 2 }],
  categories: [
    { id: 90, name: "toothbrush" },
    { id: 18, name: "dog" },
  ],
  annotations: [{ ...annotation, ...change }],
  ...further,
});

describe("instances", () => {
  test("have images without objects, categories by id with gaps, and masks of every kind", () => {
    const { images, categories, annotations } = parseCocoInstances(bytesOf(file()));
    expect(images.map(({ id, name }) => [id, name])).toEqual([
      [9, "a/b.jpg"],
      [2, "a/b.jpg"],
    ]);
    expect(categories.map(({ id }) => id)).toEqual([18, 90]);
    expect(annotations[0]).toMatchObject({ id: 77, area: 4.5, isCrowd: false, box: [1, 1, 2, 2.5] });
    expect(annotations[0]!.segmentation).toEqual({ kind: "polygons", polygons: annotation.segmentation });
    const runs = { size: [4, 6], counts: [0, 4, 20] };
    const crowd = parseCocoInstances(bytesOf(file({ iscrowd: 1, segmentation: runs }))).annotations[0]!;
    expect([crowd.isCrowd, segmentationRuns(crowd.segmentation!, 4, 6, "it")]).toEqual([true, [0, 4, 20]]);
    const bare = parseCocoInstances(bytesOf(file({ area: undefined, iscrowd: undefined, segmentation: [] })));
    expect(bare.annotations[0]).toMatchObject({ area: 5, isCrowd: false, segmentation: undefined });
  });

  test.each([
    [{ bbox: [1, 1, -2, 2] }, /annotation 77: expected a bbox/],
    [{ bbox: [1, 1, 2] }, /annotation 77: expected a bbox.*found \[1,1,2\]/],
    [{ bbox: [1, 1, null, 2] }, /annotation 77: expected a bbox/],
    [{ area: -1 }, /annotation 77: expected an area/],
    [{ iscrowd: 2 }, /annotation 77: expected iscrowd to be 0 or 1; found 2/],
    [{ image_id: 4 }, /annotation 77: expected the image_id of one of the images; found 4/],
    [{ category_id: 1 }, /annotation 77: expected the category_id of one of the categories; found 1/],
    [{ segmentation: [[1, 2, 3, 4, 5]] }, /annotation 77: expected polygons/],
    [{ segmentation: [[1, 2, 3, 4]] }, /annotation 77: expected polygons/],
    [{ segmentation: [[1, 2, 3, 4, 5, 1e300]] }, /annotation 77: expected polygons/],
    [{ segmentation: { size: [4], counts: [24] } }, /annotation 77: expected polygons, or runs with a size/],
    [{ segmentation: { size: [4, 6], counts: [1.5] } }, /annotation 77: expected runs as numbers/],
    [{ id: -1 }, /expected an annotation to have a whole number as id; found -1/],
  ])("%j is refused by its id", (change, message) => {
    expect(() => parseCocoInstances(bytesOf(file(change)))).toThrow(message);
    expect(() => parseCocoInstances(bytesOf(file(change)))).toThrow(FormatError);
  });

  test.each([
    [{ images: {} }, /a list of images; found \{\}/],
    [{ images: [image, image] }, /one image with the id 9; found several/],
    [{ annotations: [annotation, annotation] }, /one annotation with the id 77; found several/],
    [{ categories: [{ id: 18, name: "" }] }, /category 18: expected a name/],
    [{ images: [{ ...image, width: 0 }] }, /image 9: expected sides/],
  ])("%j is refused", (further, message) => {
    expect(() => parseCocoInstances(bytesOf(file({}, further)))).toThrow(message);
  });

  test("masks of another size, and runs that do not add up, are refused when they are used", () => {
    const use = (segmentation: object) =>
      segmentationRuns(
        parseCocoInstances(bytesOf(file({ segmentation }))).annotations[0]!.segmentation!,
        4,
        6,
        "annotation 77",
      );
    expect(() => use({ size: [6, 4], counts: [24] })).toThrow(/annotation 77 has a mask of 6 x 4 in an image of 4 x 6/);
    expect(() => use({ size: [4, 6], counts: [23] })).toThrow(
      /annotation 77: expected runs of 24 pixels in all; found 23/,
    );
    expect(() => use({ size: [4, 6], counts: [25, -1] })).toThrow(/annotation 77 has a run of -1/);
    expect(() => use({ size: [4, 6], counts: "\u0001" })).toThrow(/annotation 77: .*character 1/);
  });
});

test("results have boxes, masks or both, and are refused by their place", () => {
  const one = { image_id: 9, category_id: 18, bbox: [0, 0, 2, 2], score: 0.5 };
  expect(parseCocoResults(bytesOf([one]))).toEqual([
    { imageId: 9, categoryId: 18, score: 0.5, box: [0, 0, 2, 2], segmentation: undefined },
  ]);
  const wrong = [
    [{}, /expected a list/],
    [[one, { ...one, score: "high" }], /detection 1: expected a score; found "high"/],
    [[{ ...one, bbox: undefined }], /detection 0: expected a bbox or a segmentation/],
    [[{ ...one, image_id: "9" }], /detection 0: expected the image_id/],
    [[7], /detection 0 to be an object; found 7/],
  ] as const;
  for (const [value, message] of wrong) expect(() => parseCocoResults(bytesOf(value))).toThrow(message);
});

test("mutated files give values or a format error, and nothing else", () => {
  const text = JSON.stringify(file());
  const results = JSON.stringify([
    { image_id: 9, category_id: 18, bbox: [0, 0, 2, 2], score: 0.5, segmentation: annotation.segmentation },
  ]);
  const only = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  };
  fc.assert(
    fc.property(fc.nat(), fc.string({ maxLength: 4 }), fc.nat(6), (at, inserted, removed) => {
      const changed = (whole: string) => {
        const place = at % whole.length;
        return new TextEncoder().encode(whole.slice(0, place) + inserted + whole.slice(place + removed));
      };
      only(() => {
        const { annotations } = parseCocoInstances(changed(text));
        for (const { segmentation } of annotations) if (segmentation) segmentationRuns(segmentation, 4, 6, "it");
      });
      only(() => parseCocoResults(changed(results)));
    }),
    { numRuns: 2000 },
  );
  only(() => parseCocoInstances(Uint8Array.of(0xff, 0xfe, 0x00)));
});
