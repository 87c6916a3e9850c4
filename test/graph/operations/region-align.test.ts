// RoIAlign: samples worked out one by one, on every device, and torchvision's values and gradients.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { constant, defineProgram, gradients, input, regionAlign } from "#src/graph/index.js";
import { runPython } from "../../pytorch.js";
import { operationCase, testOperation } from "../check-operation.js";
import { at, type Dense, dense, tabulate } from "../dense.js";

/** Bilinear interpolation between the centres of four places; 0 more than a place beyond the maps. */
function sample(maps: Dense, image: number, channel: number, y: number, x: number): number {
  const [height, width] = maps.shape.slice(2) as [number, number];
  if (y < -1 || y > height || x < -1 || x > width) return 0;
  const [row, column] = [Math.min(Math.max(y, 0), height - 1), Math.min(Math.max(x, 0), width - 1)];
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const value = (r: number, c: number) => at(maps, [image, channel, Math.min(r, height - 1), Math.min(c, width - 1)]);
  const [down, across] = [row - top, column - left];
  const upper = value(top, left) * (1 - across) + value(top, left + 1) * across;
  const lower = value(top + 1, left) * (1 - across) + value(top + 1, left + 1) * across;
  return upper * (1 - down) + lower * down;
}

function aligned(maps: Dense, boxes: Dense, side: number, scale: number): Dense {
  const [batch, channels] = maps.shape as [number, number];
  return tabulate([batch, boxes.shape[1]!, channels, side, side], ([image, region, channel, row, column]) => {
    const edge = (index: number) => at(boxes, [image!, region!, index]) * scale - 0.5;
    let sum = 0;
    for (const v of [0.25, 0.75]) {
      for (const u of [0.25, 0.75]) {
        const y = edge(1) + ((row! + v) * (edge(3) - edge(1))) / side;
        const x = edge(0) + ((column! + u) * (edge(2) - edge(0))) / side;
        sum += sample(maps, image!, channel!, y, x);
      }
    }
    return sum / 4;
  });
}

/** Left and top edge and the sides of boxes, as boxes; odd fractions keep samples off the edges of their definition. */
function boxesOf(values: readonly number[], batch: number): Dense {
  const regions = values.length / (4 * batch);
  const edges = values.map((value, place) => {
    const first = place - (place % 4);
    return place % 4 < 2 ? value : values[first + (place % 4) - 2]! + Math.abs(value) + 1;
  });
  return dense(
    [batch, regions, 4],
    edges.map((edge) => Math.fround(edge + 0.137)),
  );
}

describe("regionAlign", () => {
  testOperation(
    "regions within, across and beyond the edges",
    fc.record({
      side: fc.integer({ min: 1, max: 3 }),
      rows: fc.integer({ min: 1, max: 5 }),
      columns: fc.integer({ min: 2, max: 5 }),
    }),
    ({ side, rows, columns }, values) => {
      const maps = values.floats([2, 2, rows, columns]);
      const boxes = boxesOf(values.integers([2 * 3 * 4], -9, 20).data, 2);
      return operationCase({
        inputs: { maps },
        compute: ({ maps }) => regionAlign(maps, constant(boxes.data, boxes.shape, maps.dtype), { side, scale: 0.25 }),
        expected: aligned(maps, boxes, side, 0.25),
      });
    },
    { tolerance: 3e-5 },
  );

  test("refuses boxes of other images, and of three edges", () => {
    const maps = input("maps", [2, 3, 4, 4]);
    const options = { side: 7, scale: 1 };
    expect(() => regionAlign(maps, input("boxes", [1, 5, 4]), options)).toThrow(/boxes \[2, n, 4\].*"boxes"/);
    expect(() => regionAlign(maps, input("boxes", [2, 5, 3]), options)).toThrow(/^regionAlign/);
    expect(() => regionAlign(maps, input("boxes", [2, 5, 4]), { side: 0, scale: 1 })).toThrow(/^regionAlign/);
  });
});

const torchvisionMissing = ((): string | undefined => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import torchvision"], { stdio: "pipe" });
    return undefined;
  } catch {
    return "needs Debian's python3-torchvision";
  }
})();

test.skipIf(torchvisionMissing !== undefined)(
  `torchvision gives the same values and gradients${torchvisionMissing ? ` (${torchvisionMissing})` : ""}`,
  async () => {
    const [side, scale] = [7, 1 / 8];
    const wave = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.3 * i));
    const boxes = boxesOf(
      Array.from({ length: 2 * 6 * 4 }, (_, i) => ((i * 37) % 130) - 20),
      2,
    );
    const [maps, regions] = [input("maps", [2, 5, 12, 16]), input("boxes", boxes.shape)];
    const y = regionAlign(maps, regions, { side, scale });
    const [toMaps] = gradients(y.mul(input("slope", y.shape)).sum(), [maps]);
    const tensors = {
      maps: { shape: maps.shape, data: wave(maps.size, 1) },
      boxes: { shape: boxes.shape, data: Float32Array.from(boxes.data) },
      slope: { shape: y.shape, data: wave(y.size, 2) },
    };
    const program = await compile(defineProgram("align", { y, toMaps: toMaps! }), { threads: 1 });
    const found = await program.run(
      Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])),
    );
    const entries = Object.entries(tensors).map(([name, tensor]) => ({ name, dtype: "F32" as const, ...tensor }));
    const expected = runPython("test/reference/region_align.py", entries, { side, scale });
    for (const name of ["y", "toMaps"] as const) {
      const theirs = expected.get(name)!.data as Float64Array;
      const scaleOf = Math.max(...theirs.map(Math.abs));
      expect(found[name]!.length).toBe(theirs.length);
      for (const [i, value] of theirs.entries()) {
        expect(Math.abs(Number(found[name]![i]) - value)).toBeLessThan(1e-4 * scaleOf);
      }
    }
  },
);
