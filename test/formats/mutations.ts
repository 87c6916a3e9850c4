// Damages bytes in many ways, the same each time, to see that a reader refuses or reads whatever it is given.
import { performance } from "node:perf_hooks";
import { expect } from "vitest";
import { FormatError } from "#src/formats/errors.js";
import { randomStream } from "#src/random/index.js";

const INTERESTING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x28, 0x29, 0x2e, 0x50, 0x4b, 0x5d, 0x7d];

/** Calls `read` with `count` damaged copies: it must return or throw a FormatError with a short message, in time. */
export function expectSurvival(files: readonly Uint8Array[], count: number, read: (bytes: Uint8Array) => void): void {
  const stream = randomStream(1, "mutations", 0, 0);
  const below = (limit: number) => Math.min(limit - 1, Math.floor(stream.uniformIn(0, limit)));
  let [refused, slowest] = [0, 0];
  const memory = process.memoryUsage().rss;
  for (let index = 0; index < count; index++) {
    // A copy as a plain array: `slice` of a Buffer would share its bytes.
    let bytes = new Uint8Array(files[index % files.length]!);
    for (let changes = 1 + below(3); changes > 0; changes--) bytes = mutate(bytes, below);
    const start = performance.now();
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`mutation ${index} ended in ${error}`, { cause: error });
      expect(error.message.length).toBeLessThan(600);
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  expect(refused).toBeGreaterThan(count / 4);
  // Generous, for the machine may be busy: what is read in a millisecond must never take seconds.
  expect(slowest).toBeLessThan(3000);
  expect(process.memoryUsage().rss - memory).toBeLessThan(512 * 2 ** 20);
}

function mutate(bytes: Uint8Array, below: (limit: number) => number): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return Uint8Array.of(below(256));
  const at = below(bytes.length);
  const length = 1 + below(16);
  switch (below(7)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 3: {
      const other = below(bytes.length);
      return joined(bytes.subarray(0, at), bytes.subarray(other, other + length), bytes.subarray(at + length));
    }
    case 4: {
      const copy = bytes.slice();
      copy[at] = copy[at]! ^ (1 << below(8));
      return copy;
    }
    case 5: {
      const copy = bytes.slice();
      copy.fill(0xff, at, at + Math.min(length, 8));
      return copy;
    }
    default: {
      const copy = bytes.slice();
      copy[at] = INTERESTING[below(INTERESTING.length)]!;
      return copy;
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
