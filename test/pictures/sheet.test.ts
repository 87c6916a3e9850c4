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
    // 32 pixels times 6, and gaps of 8.
    expect([width, height]).toEqual([8 + 2 * 200, 8 + 2 * 200]);
    expect(count([255, 0, 0])).toBe(2 * 192 ** 2);
    expect(count([0, 0, 255])).toBe(192 ** 2);
    expect(pixel(4, 100)).toEqual([246, 246, 246]);
    expect(pixel(100, 300)).toEqual([246, 246, 246]);
    expect([pixel(8, 8), pixel(199, 199), pixel(208, 8)]).toEqual([
      [255, 0, 0],
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  it("keeps every pixel of an image", async () => {
    const data = Uint8Array.from({ length: 12 }, (_, index) => index * 20);
    const { pixel } = await draw({ titles: [], rows: [[{ width: 2, height: 2, data }]] });
    const corners = [pixel(8, 8), pixel(8 + 167, 8), pixel(8, 8 + 167), pixel(8 + 167, 8 + 167)];
    expect(corners.flat()).toEqual([...data]);
  });

  it("leaves large images as they are", async () => {
    expect((await draw({ titles: [], rows: [[plain(224, [1, 2, 3])]] })).width).toBe(224 + 16);
  });

  it("writes titles and caption above the images, without a font of the system", async () => {
    const titles = ["original", "mixed input", "reconstruction"];
    const bare = await draw({ titles: [], rows: [[red, red, red]] });
    const titled = await draw({ titles, rows: [[red, red, red]] });
    const captioned = await draw({ titles, rows: [[red, red, red]], caption: "step 2,000" });
    expect(bare.count(ink)).toBe(0);
    expect(titled.count(ink)).toBeGreaterThan(1000);
    expect(captioned.count(ink)).toBeGreaterThan(titled.count(ink));
    // One line each: "reconstruction" fits.
    expect([titled.height - bare.height, captioned.height - titled.height]).toEqual([14 + 8, 14 + 8]);
    expect(titled.count([255, 0, 0])).toBe(3 * 192 ** 2);
  });

  it("breaks long texts into lines instead of cutting them", async () => {
    const one = await draw({ titles: ["word"], rows: [[red]] });
    const three = await draw({ titles: ["some words, and averyveryverylongword"], rows: [[red]] });
    expect(three.height).toBe(one.height + 2 * (14 + 4));
  });

  it("shows letters that it does not have as question marks, and accented ones without accent", async () => {
    const inkOf = async (title: string) => (await draw({ titles: [title], rows: [[red]] })).count(ink);
    expect(await inkOf("é")).toBe(await inkOf("e"));
    expect(await inkOf("猫")).toBe(await inkOf("?"));
  });

  it("refuses data that do not fit, and an empty sheet", async () => {
    const wrong = { width: 4, height: 4, data: new Uint8Array(16) };
    await expect(renderSheet({ titles: [], rows: [[wrong]] })).rejects.toThrow("needs 48 bytes, not 16");
    await expect(renderSheet({ titles: ["a"], rows: [[null]] })).rejects.toThrow("at least one picture");
  });
});
