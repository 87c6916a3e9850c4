// Picture sheets: where images, gaps and titles end up, pixel by pixel.

import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type Picture, renderSheet, type Sheet } from "#src/pictures/sheet.js";

function plain(size: number, color: readonly [number, number, number]): Picture {
  const data = Uint8Array.from({ length: 3 * size * size }, (_, index) => color[index % 3]!);
  return { width: size, height: size, data };
}

const red = plain(32, [255, 0, 0]);
const blue = plain(32, [0, 0, 255]);

async function draw(sheet: Sheet) {
  const { data, info } = await sharp(await renderSheet(sheet))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * info.channels).subarray(0, 3)];
  const count = (color: readonly number[]) => {
    let found = 0;
    for (let y = 0; y < info.height; y++) {
      for (let x = 0; x < info.width; x++) if (pixel(x, y).join() === color.join()) found++;
    }
    return found;
  };
  return { width: info.width, height: info.height, pixel, count };
}

const ink = [40, 40, 40];

describe("renderSheet", () => {
  it("enlarges small images by a whole factor, with gaps on a light background", async () => {
    const { width, height, pixel, count } = await draw({
      titles: [],
      rows: [
        [red, blue],
        [null, red],
      ],
    });
    // 32 pixels times 7, and gaps of 8.
    expect([width, height]).toEqual([8 + 2 * 232, 8 + 2 * 232]);
    expect(count([255, 0, 0])).toBe(2 * 224 ** 2);
    expect(count([0, 0, 255])).toBe(224 ** 2);
    expect(pixel(4, 100)).toEqual([246, 246, 246]);
    expect(pixel(100, 300)).toEqual([246, 246, 246]);
    expect([pixel(8, 8), pixel(231, 231), pixel(240, 8)]).toEqual([
      [255, 0, 0],
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  it("keeps every pixel of an image", async () => {
    const data = Uint8Array.from({ length: 12 }, (_, index) => index * 20);
    const { pixel } = await draw({ titles: [], rows: [[{ width: 2, height: 2, data }]] });
    const corners = [pixel(8, 8), pixel(8 + 223, 8), pixel(8, 8 + 223), pixel(8 + 223, 8 + 223)];
    expect(corners.flat()).toEqual([...data]);
  });

  it("leaves large images as they are", async () => {
    expect((await draw({ titles: [], rows: [[plain(225, [1, 2, 3])]] })).width).toBe(225 + 16);
  });

  it("writes titles and caption above the images, a line each", async () => {
    const titles = ["original", "mixed input", "reconstruction"];
    const bare = await draw({ titles: [], rows: [[red, red, red]] });
    const titled = await draw({ titles, rows: [[red, red, red]] });
    const captioned = await draw({ titles, rows: [[red, red, red]], caption: "step 2,000" });
    expect(bare.count(ink)).toBe(0);
    expect(titled.count(ink)).toBeGreaterThan(50);
    expect(captioned.count(ink)).toBeGreaterThan(titled.count(ink));
    expect([titled.height - bare.height, captioned.height - titled.height]).toEqual([18 + 4, 18 + 4]);
    expect(titled.count([255, 0, 0])).toBe(3 * 224 ** 2);
  });

  it("writes labels below the images, and makes room for the longest of a row", async () => {
    const labelled = (labels: readonly string[]) => ({ ...red, labels });
    const bare = await draw({ titles: [], rows: [[red, red], [red]] });
    const long = "a name of words that fill more than a line, but not two";
    const { height, pixel } = await draw({
      titles: [],
      rows: [[labelled(["кот.png", "0.9831"]), labelled([long])], [labelled(["x"])]],
    });
    expect(height - bare.height).toBe(4 + 2 * 18 + 4 + 18);
    const inkIn = (left: number, top: number) => {
      let found = 0;
      for (let y = top; y < top + 18; y++) for (let x = left; x < left + 224; x++) if (pixel(x, y)[0]! < 200) found++;
      return found;
    };
    const firstLine = 8 + 224 + 4;
    expect([inkIn(8, firstLine), inkIn(8, firstLine + 18), inkIn(240, firstLine + 18)].every((each) => each > 20)).toBe(
      true,
    );
  });

  it("refuses data that do not fit, and an empty sheet", async () => {
    const wrong = { width: 4, height: 4, data: new Uint8Array(16) };
    await expect(renderSheet({ titles: [], rows: [[wrong]] })).rejects.toThrow("needs 48 bytes, not 16");
    await expect(renderSheet({ titles: ["a"], rows: [[null]] })).rejects.toThrow("at least one picture");
  });
});
