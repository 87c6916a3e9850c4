// Text of pictures: real letters of every script that there is a font for, lines that fit, and names cut in their middle.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { drawLines, drawText, lineHeight, type TextMask } from "#src/pictures/text.js";
import { repository } from "../docs/pages.js";

const inkOf = ({ data }: TextMask) => data.reduce((sum, each) => sum + each, 0) / 255;

/** The first and last row that has ink. */
function rowsOf({ width, height, data }: TextMask): [number, number] {
  const rows = Array.from({ length: height }, (_, row) => row);
  const inked = rows.filter((row) => data.subarray(row * width, (row + 1) * width).some((each) => each > 60));
  return [inked[0]!, inked.at(-1)!];
}

describe("drawText", () => {
  test("has the same baseline whatever the letters", async () => {
    const [small, capital, both] = await Promise.all(["x", "X", "xX"].map((text) => drawText(text)));
    expect(rowsOf(small!)[1]).toBe(rowsOf(capital!)[1]);
    expect(rowsOf(small!)[0]).toBeGreaterThan(rowsOf(capital!)[0]);
    expect(rowsOf(both!)).toEqual(rowsOf(capital!));
    expect(Math.abs(capital!.height - lineHeight)).toBeLessThanOrEqual(1);
    // Capitals stand in the middle of the line.
    const [top, bottom] = rowsOf(capital!);
    expect(Math.abs(top - (lineHeight - 1 - bottom))).toBeLessThanOrEqual(1);
  });

  test("begins at the left edge, with nothing cut off", async () => {
    const one = await drawText("H");
    const two = await drawText("HH");
    expect(inkOf(two)).toBeCloseTo(2 * inkOf(one), -1);
    const left = Array.from(
      { length: one.height },
      (_, row) => one.data[row * one.width]! + one.data[row * one.width + 1]!,
    );
    expect(Math.max(...left)).toBeGreaterThan(60);
  });

  test("accents, Greek and Cyrillic are letters of their own", async () => {
    const texts = ["e", "é", "ё", "λ", "ж", "ế"];
    const pictures = new Set<string>();
    for (const text of texts) pictures.add(Buffer.from((await drawText(text)).data).toString("hex"));
    expect(pictures.size).toBe(texts.length);
    // Composed or not, as names of files are on different systems.
    expect(Buffer.from((await drawText("e\u0301")).data)).toEqual(Buffer.from((await drawText("é")).data));
  });

  test("markup is text, and control characters are written out", async () => {
    const widths = await Promise.all(
      ["<b>a</b>", "a", "&amp;", "&", "a\u001b[2J", "\ud800"].map((text) => drawText(text)),
    );
    const [tags, letter, entity, sign, control, half] = widths.map(({ width }) => width);
    expect(tags!).toBeGreaterThan(5 * letter!);
    expect(entity!).toBeGreaterThan(3 * sign!);
    expect(control!).toBeGreaterThan(5 * letter!);
    expect(half!).toBeGreaterThan(0);
    expect(await drawText("  ")).toMatchObject({ width: 0, height: 0 });
  });
});

describe("drawLines", () => {
  test("breaks where names have parts, and within a part that is too long", async () => {
    const parts = await drawLines("some words and some/more_words", 100);
    expect(parts.length).toBe(3);
    for (const { width } of await drawLines("x".repeat(100), 100)) expect(width).toBeLessThanOrEqual(100);
    expect((await drawLines("", 100)).length).toBe(0);
    // Not even a letter fits.
    expect((await drawLines("abc", 1)).length).toBe(3);
  });

  test("leaves out the middle of what takes too many lines: the ends stay", async () => {
    const name = `first-${"x".repeat(300)}-last.png`;
    const lines = await drawLines(name, 150, 3);
    expect(lines.length).toBeLessThanOrEqual(3);
    const [start, other] = [await drawLines(name, 150, 3), await drawLines(name.replace("last", "lost"), 150, 3)];
    expect(Buffer.from(start.at(-1)!.data)).not.toEqual(Buffer.from(other.at(-1)!.data));
    expect(Buffer.from(start[0]!.data)).toEqual(Buffer.from(other[0]!.data));
  });
});

test("without any font of the system, letters of the shipped font look the same, and nothing is said", () => {
  const program = (text: string) => `
    import { drawText, prepareFonts } from "${join(repository, "dist/pictures/text.js")}";
    prepareFonts([${JSON.stringify(text)}]);
    const { width, data } = await drawText(${JSON.stringify(text)});
    console.log(width, Buffer.from(data).toString("hex"));`;
  const run = (text: string, environment: NodeJS.ProcessEnv) =>
    execFileSync(process.execPath, ["--input-type=module", "--eval", program(text)], {
      env: { ...process.env, ...environment },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const bare = { FONTCONFIG_FILE: join(repository, "fonts/shipped-only.conf") };
  expect(run("Größe Ζώα кот", {})).toBe(run("Größe Ζώα кот", bare));
});
