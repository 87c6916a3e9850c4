// Ways in which files come to harm: arbitrary ones, for property tests.
import fc from "fast-check";

/** What becomes of bytes. */
export type Damage = (bytes: Buffer) => Buffer;

const at = (share: number, length: number) => Math.floor(share * length);
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const rubbish = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1, max: 5000 }).map((length) => Buffer.alloc(length)),
  fc
    .constantFrom("null\n", "[]\n", "{}\n", "\n", "true", '{"index":3,"name":"a"}\n', '{"index":9999999,"name":"a"}\n')
    .map((text) => Buffer.from(text)),
);

function onLines(change: (lines: string[], line: number, other: number) => void) {
  return fc.tuple(share, share).map(([a, b]): Damage => {
    return (bytes) => {
      const lines = bytes.toString("latin1").split(/(?<=\n)/);
      change(lines, at(a, lines.length), at(b, lines.length));
      return Buffer.from(lines.join(""), "latin1");
    };
  });
}

/** One flipped bit, a cut, zeroed, replaced, inserted or removed bytes, and lines removed, doubled or swapped. */
export const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(share, fc.integer({ min: 0, max: 7 })).map(([place, bit]): Damage => {
    return (bytes) => {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[at(place, flipped.length)]! ^= 1 << bit;
      return flipped;
    };
  }),
  share.map(
    (place): Damage =>
      (bytes) =>
        bytes.subarray(0, at(place, bytes.length)),
  ),
  fc.tuple(share, share).map(([a, b]): Damage => {
    return (bytes) => Buffer.from(bytes).fill(0, at(Math.min(a, b), bytes.length), at(Math.max(a, b), bytes.length));
  }),
  rubbish.map(
    (added): Damage =>
      (bytes) =>
        Buffer.concat([bytes, added]),
  ),
  rubbish.map(
    (other): Damage =>
      () =>
        other,
  ),
  fc.tuple(share, rubbish).map(([place, added]): Damage => {
    return (bytes) => {
      const start = at(place, bytes.length);
      return Buffer.concat([bytes.subarray(0, start), added, bytes.subarray(start)]);
    };
  }),
  fc.tuple(share, fc.integer({ min: 1, max: 60 })).map(([place, length]): Damage => {
    return (bytes) => {
      const start = at(place, bytes.length);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
    };
  }),
  onLines((lines, line) => lines.splice(line, 1)),
  onLines((lines, line) => lines.splice(line, 0, lines[line]!)),
  onLines((lines, line, other) => {
    [lines[line], lines[other]] = [lines[other]!, lines[line]!];
  }),
);
