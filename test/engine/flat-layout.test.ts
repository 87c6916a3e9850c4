// Where tensors lie in a flat buffer.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlatLayout } from "#src/engine/flat-layout.js";

const CHUNK = 64;
const tensors = fc
  .array(
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 3 }),
      group: fc.constantFrom("decayed", "undecayed", "frozen"),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list) => list.map((tensor, index) => ({ name: `tensor${index}`, ...tensor })));

const holds = (check: (layout: FlatLayout<string>, list: { name: string; shape: number[]; group: string }[]) => void) =>
  fc.assert(fc.property(tensors, (list) => check(new FlatLayout(list, CHUNK), list)));

describe("FlatLayout", () => {
  test("lists the tensors in their order, with their shapes and sizes", () =>
    holds((layout, list) => {
      expect(layout.entries.map(({ name, shape }) => ({ name, shape }))).toEqual(
        list.map(({ name, shape }) => ({ name, shape })),
      );
      for (const { shape, size } of layout.entries)
        expect(size).toBe(shape.reduce((product, extent) => product * extent, 1));
    }));

  test("lets no two overlap, and starts each at a multiple of 64 bytes", () =>
    holds((layout) => {
      const sorted = [...layout.entries].sort((a, b) => a.offset - b.offset);
      let end = 0;
      for (const { offset, size } of sorted) {
        expect(offset).toBeGreaterThanOrEqual(end);
        expect((offset * 4) % 64).toBe(0);
        end = offset + size;
      }
      expect(end).toBeLessThanOrEqual(layout.length);
    }));

  test("covers the buffer with groups of whole chunks, each tensor within its own", () =>
    holds((layout, list) => {
      let chunks = 0;
      for (const group of layout.groups) {
        expect(group.firstChunk).toBe(chunks);
        expect(group.chunks).toBeGreaterThan(0);
        chunks += group.chunks;
        for (const { name } of list.filter((tensor) => tensor.group === group.key)) {
          const { offset, size } = layout.entries.find((entry) => entry.name === name)!;
          expect(offset).toBeGreaterThanOrEqual(group.firstChunk * CHUNK);
          expect(offset + size).toBeLessThanOrEqual((group.firstChunk + group.chunks) * CHUNK);
        }
      }
      expect(layout.length).toBe(chunks * CHUNK);
      expect(new Set(layout.groups.map(({ key }) => key))).toEqual(new Set(list.map(({ group }) => group)));
    }));

  test("puts those of one group together", () => {
    const layout = new FlatLayout(
      [
        { name: "a", shape: [100], group: 0 },
        { name: "b", shape: [3], group: 1 },
        { name: "c", shape: [2], group: 0 },
      ],
      CHUNK,
    );
    expect(layout.entries.map(({ offset }) => offset)).toEqual([0, 128, 112]);
    expect(layout.groups).toEqual([
      { key: 0, firstChunk: 0, chunks: 2 },
      { key: 1, firstChunk: 2, chunks: 1 },
    ]);
  });

  test("refuses two tensors of one name", () => {
    const twice = [
      { name: "blocks.0.weight", shape: [2], group: 0 },
      { name: "blocks.0.weight", shape: [2], group: 0 },
    ];
    expect(() => new FlatLayout(twice, CHUNK)).toThrow(/two tensors share the name "blocks.0.weight"/);
  });

  test("refuses a chunk that would leave tensors unaligned", () => {
    for (const chunk of [0, 10, 24.5]) {
      expect(() => new FlatLayout([{ name: "a", shape: [2], group: 0 }], chunk)).toThrow(
        /chunk .*multiple of 16.* found/,
      );
    }
  });
});
