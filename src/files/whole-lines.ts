// The lines of a file as bytes, read in pieces: what a killed process left behind its last line break is not among them.

import { readFully } from "./storage.js";

/** Lines that end in a line break, without it, from byte `from` on. Stops before one of more than `longest` bytes. */
export async function* wholeLines(
  descriptor: number,
  longest = Number.POSITIVE_INFINITY,
  from = 0,
): AsyncGenerator<Buffer> {
  const chunk = Buffer.alloc(1 << 20);
  let rest = Buffer.alloc(0);
  for (let position = from; ; ) {
    const bytes = await readFully(descriptor, chunk, position);
    if (bytes === 0) return;
    position += bytes;
    let text = Buffer.concat([rest, chunk.subarray(0, bytes)]);
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10)) {
      if (end > longest) return;
      yield text.subarray(0, end);
      text = text.subarray(end + 1);
    }
    if (text.length > longest) return;
    rest = text;
  }
}
