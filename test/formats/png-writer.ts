// Writes greyscale and indexed PNG files with any bit depth and filters, for tests.
import { crc32, deflateSync } from "node:zlib";

export interface PngChoices {
  readonly width: number;
  readonly height: number;
  readonly bits: 1 | 2 | 4 | 8;
  /** By default indexed. */
  readonly kind?: number;
  /** Of each row; by default 0. */
  readonly filters?: readonly number[];
  readonly interlace?: number;
}

export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** values: [height, width]. */
export function valuesPng(values: ArrayLike<number>, choices: PngChoices): Buffer {
  const { width, height, bits, kind = 3, filters = [], interlace = 0 } = choices;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, kind, 0, 0, interlace], 8);
  const rowBytes = Math.ceil((width * bits) / 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const row = new Uint8Array(rowBytes);
    for (let x = 0; x < width; x++) {
      row[Math.floor((x * bits) / 8)]! |= values[y * width + x]! << (8 - bits - ((x * bits) % 8));
    }
    return row;
  });
  const filtered = rows.map((row, y) => {
    const filter = filters[y % filters.length] ?? 0;
    const at = (line: number, x: number) => (x < 0 || line < 0 ? 0 : rows[line]![x]!);
    const bytes = row.map((value, x) => value - predictor(filter, at(y, x - 1), at(y - 1, x), at(y - 1, x - 1)));
    return Buffer.concat([Buffer.from([filter]), bytes]);
  });
  const palette = Buffer.alloc(3 * 2 ** bits, 77);
  const data = deflateSync(Buffer.concat(filtered));
  const half = data.length >> 1;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...[chunk("IHDR", header), ...(kind === 3 ? [chunk("PLTE", palette)] : [])],
    ...[chunk("IDAT", data.subarray(0, half)), chunk("IDAT", data.subarray(half)), chunk("IEND", Buffer.alloc(0))],
  ]);
}

function predictor(filter: number, left: number, up: number, corner: number): number {
  const paeth = () => {
    const distance = (value: number) => Math.abs(left + up - corner - value);
    return [left, up, corner].reduce((best, value) => (distance(value) < distance(best) ? value : best));
  };
  return [() => 0, () => left, () => up, () => Math.floor((left + up) / 2), paeth][filter]!();
}
