// The checksum of checkpoints in a page: that of zlib, in one piece or in several.
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "#src/browser/crc32.js";

test("is that of zlib, also when it goes on", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
      expect(crc32(first, 0)).toBe(zlibCrc32(first));
      expect(crc32(second, crc32(first, 0))).toBe(zlibCrc32(Buffer.concat([first, second])));
    }),
  );
});
