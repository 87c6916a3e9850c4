// COCO's run-length code of masks: lengths of runs of 0 and 1 in turn, column by column, and its compressed text.
import { FormatError } from "./errors.js";

/** Runs of a mask [height, width] of 0 and 1, row by row; the first run is one of zeros, perhaps of length 0. */
export function encodeRuns(mask: Uint8Array, height: number, width: number): number[] {
  const runs: number[] = [];
  let value = 0;
  let length = 0;
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < height; row++) {
      const next = mask[row * width + column] === 0 ? 0 : 1;
      if (next !== value) {
        runs.push(length);
        length = 0;
        value = next;
      }
      length++;
    }
  }
  runs.push(length);
  return runs;
}

/** The mask [height, width] of runs. Throws FormatError where they do not fill it exactly. */
export function decodeRuns(runs: readonly number[], height: number, width: number): Uint8Array {
  const mask = new Uint8Array(height * width);
  let place = 0;
  for (const [index, length] of runs.entries()) {
    if (!Number.isSafeInteger(length) || length < 0 || place + length > mask.length) {
      refuse(`run ${index} of a mask of ${height} x ${width} has the length ${length} after ${place} pixels`);
    }
    if (index % 2 === 1) {
      for (let at = place; at < place + length; at++) mask[(at % height) * width + Math.floor(at / height)] = 1;
    }
    place += length;
  }
  if (place !== mask.length) refuse(`the runs of a mask of ${height} x ${width} cover ${place} pixels`);
  return mask;
}

const FIRST = 48;
/** Runs beyond the third are stored as the difference to the one two before: lengths in neighbouring columns are alike. */
const BACK = 2;

/** COCO's text of runs: six bits a character, five of them of the number, lowest first. */
export function compressRuns(runs: readonly number[]): string {
  const codes: number[] = [];
  for (const [index, length] of runs.entries()) {
    let value = index > BACK ? length - runs[index - BACK]! : length;
    for (let more = true; more; ) {
      const bits = value & 0x1f;
      value >>= 5;
      more = (bits & 0x10) === 0 ? value !== 0 : value !== -1;
      codes.push(FIRST + bits + (more ? 0x20 : 0));
    }
  }
  // All at once: a text that grows by characters takes many times its length.
  return new TextDecoder().decode(Uint8Array.from(codes));
}

/** Reads what `compressRuns` and COCO's own tools write. Throws FormatError for any other text. */
export function decompressRuns(text: string): number[] {
  const runs: number[] = [];
  for (let place = 0; place < text.length; ) {
    let value = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const code = text.charCodeAt(place++) - FIRST;
      // Seven characters hold 35 bits: no mask is so long.
      if (!(code >= 0 && code < 64) || shift > 30) return refuse(`character ${place} of a compressed mask is wrong`);
      value |= (code & 0x1f) << shift;
      more = (code & 0x20) !== 0;
      if (!more && (code & 0x10) !== 0 && shift < 27) value |= -1 << (shift + 5);
    }
    runs.push(runs.length > BACK ? value + runs.at(-BACK)! : value);
  }
  return runs;
}

function refuse(problem: string): never {
  throw new FormatError("COCO mask", problem);
}
