// Text in pictures: the shipped font for Latin, Greek and Cyrillic, and the fonts of the system for all else.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { printable } from "../terminal/printable.js";

/** How much of each pixel a line of text covers, 0 to 255, row by row; its top is the same for all texts. */
export interface TextMask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** From the top of one line to that of the next, in pixels; capital letters stand in the middle of it. */
export const lineHeight = 18;

const FONT = "DejaVu Sans 13";
const shipped = (name: string) => fileURLToPath(new URL(`../../fonts/${name}`, import.meta.url));
const fontFile = shipped("DejaVuSans-subset.ttf");
/** What the shipped font has: Latin, Greek, Cyrillic, accents, and the signs of ordinary text. */
const covered =
  /^(?:[\u0020-\u007e\u00a0-\u024f\u0370-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\u20ac\u2116\u2212\ufffd]|[\u0300-\u036f])*$/;
/** Where fontconfig looks if nobody tells it otherwise. */
const SYSTEM_CONFIG = "/etc/fonts/fonts.conf";

/**
 * A picture of text ends where its ink ends. An invisible bar, higher than all letters, gives every line the same top;
 * what precedes it keeps it on the left of lines that are written from the right. Sizes are in 1,024ths of a pixel.
 */
const BAR = `\u200e<span alpha="1" size="${18 * 1024}">|</span>`;
/** Columns of the picture before the text. */
const BAR_WIDTH = 4;

/**
 * To be called before the texts of a picture are drawn. Only where the shipped font lacks a letter are the fonts of the
 * system looked for: with them, fontconfig also updates its cache in the home folder. It decides once in a process: what
 * a later picture needs beyond that is shown as boxes with the letters' numbers.
 */
export function prepareFonts(texts: readonly string[]): void {
  const { FONTCONFIG_FILE, FONTCONFIG_PATH } = process.env;
  if (FONTCONFIG_FILE !== undefined || FONTCONFIG_PATH !== undefined) return;
  if (texts.every((text) => covered.test(printable(text)))) process.env.FONTCONFIG_FILE = shipped("shipped-only.conf");
  else if (!existsSync(SYSTEM_CONFIG)) process.env.FONTCONFIG_FILE = shipped("system.conf");
}

/** One line; control characters are written out. */
export async function drawText(text: string): Promise<TextMask> {
  // The bytes of half a surrogate pair are those of the replacement character.
  const shown = Buffer.from(printable(text)).toString();
  if (shown.trim() === "") return { width: 0, height: 0, data: new Uint8Array() };
  const escaped = shown.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const { data, info } = await sharp({ text: { text: BAR + escaped, font: FONT, fontfile: fontFile, dpi: 72 } })
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const width = Math.max(0, info.width - BAR_WIDTH);
  const rows = Array.from({ length: info.height }, (_, row) =>
    data.subarray(row * info.width + BAR_WIDTH, (row + 1) * info.width),
  );
  return { width, height: info.height, data: Buffer.concat(rows) };
}

/** A letter is not parted from its accents. */
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Lines of at most `room` pixels: broken behind spaces and behind what separates the parts of names, or anywhere in a
 * part that is too long. Of a text that would take more than `most` lines, the middle is left out, for names differ at
 * their ends.
 */
export async function drawLines(text: string, room: number, most = Number.POSITIVE_INFINITY): Promise<TextMask[]> {
  let letters = Array.from(graphemes.segment(text.trim()), ({ segment }) => segment);
  const wanted = letters.length;
  for (;;) {
    const kept = letters.length;
    const half = Math.ceil(kept / 2);
    const shown = kept === wanted ? letters : [...letters.slice(0, half), "…", ...letters.slice(half)];
    const lines = await breakLines(shown, room);
    if (lines.length <= most || kept <= most) return lines;
    const share = Math.min(0.95, most / lines.length + 0.1);
    const left = Math.max(most, Math.floor(kept * share));
    const head = Math.ceil(left / 2);
    letters = [...letters.slice(0, head), ...letters.slice(kept - (left - head))];
  }
}

async function breakLines(letters: readonly string[], room: number): Promise<TextMask[]> {
  const lines: TextMask[] = [];
  for (let rest = letters; rest.length > 0; ) {
    let count = rest.length;
    let mask = await drawText(rest.join(""));
    while (mask.width > room && count > 1) {
      const fitting = Math.min(count - 1, Math.max(1, Math.floor((count * room) / mask.width)));
      count = breakBefore(rest, fitting);
      mask = await drawText(rest.slice(0, count).join(""));
    }
    if (mask.width > 0) lines.push(mask);
    rest = rest.slice(count);
  }
  return lines;
}

/** The last place where a line of at most `most` letters may end, if that leaves it more than half full. */
function breakBefore(letters: readonly string[], most: number): number {
  for (let count = most; count > most / 2; count--) if (/[\s/\\_.,-]/.test(letters[count - 1]!)) return count;
  return most;
}
