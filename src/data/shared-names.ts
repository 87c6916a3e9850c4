// A long list of names in memory that all threads share, instead of one copy of a million strings for each.

/** Names one after the other in UTF-8; name `i` is the bytes from `starts[i]` to `starts[i + 1]`. */
export interface SharedNames {
  readonly bytes: Uint8Array;
  readonly starts: Float64Array;
}

/** Packs names into shared memory. */
export function shareNames(names: readonly string[]): SharedNames {
  const starts = new Float64Array(new SharedArrayBuffer(8 * (names.length + 1)));
  names.forEach((name, i) => {
    starts[i + 1] = starts[i]! + Buffer.byteLength(name);
  });
  const bytes = new Uint8Array(new SharedArrayBuffer(starts[names.length]!));
  const buffer = Buffer.from(bytes.buffer);
  names.forEach((name, i) => {
    buffer.write(name, starts[i]!);
  });
  return { bytes, starts };
}

/** Name `index`, with the same characters that were packed. */
export function sharedName(names: SharedNames, index: number): string {
  return Buffer.from(names.bytes.buffer).toString("utf8", names.starts[index], names.starts[index + 1]);
}
