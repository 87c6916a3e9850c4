// Pictures of segmentations: colours of classes, the sheet, and the overlay.
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { classColors } from "#src/pictures/class-colors.js";
import { overlaid, segmentationSheet } from "#src/pictures/segmentation-sheet.js";

const luma = ([r, g, b]: readonly [number, number, number]) => 0.299 * r + 0.587 * g + 0.114 * b;

describe("colours of classes", () => {
  test("differ, are the same each time, and the background is dark", () => {
    const classes = ["background", ...Array.from({ length: 150 }, (_, index) => `class ${index}`)];
    const colors = classColors(classes);
    expect(new Set(colors.map(String)).size).toBe(151);
    expect(classColors(classes)).toEqual(colors);
    expect(luma(colors[0]!)).toBeLessThan(Math.min(...colors.slice(1, 8).map(luma)));
    expect(classColors(["sky", "sea"])[0]).toEqual(classColors(classes)[1]);
    for (const value of colors.flat()) expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
  });
});

test("an overlay lets the image show through, and leaves pixels without a label as they are", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(100, 100, 100, 10, 20, 30) };
  const { data } = overlaid(image, Uint8Array.of(0, 255), [[200, 0, 100]]);
  expect([...data]).toEqual([155, 45, 100, 10, 20, 30]);
});

test("a sheet has a row for each picture and the classes that are in it", async () => {
  const data = new Uint8Array(3 * 16).fill(90);
  const picture = (label: number) => ({
    image: { width: 4, height: 4, data },
    truth: new Uint8Array(16).fill(255),
    predicted: new Uint8Array(16).fill(label),
  });
  const classes = ["background", "cat", "dog"];
  const legend = { classes, colors: classColors(classes) };
  const [one, two] = [
    await segmentationSheet([picture(1)], legend, "one"),
    await segmentationSheet([picture(1), picture(2)], legend, "two"),
  ];
  const read = async (png: Uint8Array) => sharp(png).raw().toBuffer({ resolveWithObject: true });
  const [first, second] = [await read(one), await read(two)];
  expect(second.info.width).toBe(first.info.width);
  expect(second.info.height).toBe(first.info.height + 160 + 8);
  const colours = (raw: Buffer) => {
    const seen = new Set<string>();
    for (let at = 0; at < raw.length; at += 3) seen.add(`${raw[at]},${raw[at + 1]},${raw[at + 2]}`);
    return seen;
  };
  const [inOne, inTwo] = [colours(first.data), colours(second.data)];
  expect([inOne.has(String(legend.colors[1])), inOne.has(String(legend.colors[2]))]).toEqual([true, false]);
  expect(inTwo.has(String(legend.colors[2]))).toBe(true);
});
