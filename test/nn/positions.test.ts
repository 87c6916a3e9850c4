// Sine-cosine positions against the formula, and against entries worked out by hand.
import fc from "fast-check";
import { expect, test } from "vitest";
import { constant } from "#src/graph/index.js";
import { sinCosPositions } from "#src/nn/positions.js";
import { bicubicMatrix, resampleGrid } from "#src/nn/resample-positions.js";
import { distance, evaluate, randomValues } from "./evaluate.js";

const square = (side: number) => ({ rows: side, columns: side });
const side = (most: number) => fc.integer({ min: 1, max: most });

test("every entry follows the formula of MAE", () => {
  fc.assert(
    fc.property(side(12), side(6), side(6), (quarter, rows, columns) => {
      const width = 4 * quarter;
      const wanted = Array.from({ length: rows * columns * width }, (_, place) => {
        const [cell, channel] = [Math.floor(place / width), place % width];
        const [row, column] = [Math.floor(cell / columns), cell % columns];
        const coordinate = channel < width / 2 ? column : row;
        const within = channel % (width / 2);
        const angle = coordinate / 10000 ** ((within % quarter) / quarter);
        return within < quarter ? Math.sin(angle) : Math.cos(angle);
      });
      expect(distance(sinCosPositions(width, { rows, columns }), wanted)).toBeLessThan(1e-6);
    }),
  );
});

test("entries worked out by hand: width 8 has the frequencies 1 and 1/100", () => {
  const positions = sinCosPositions(8, square(3));
  const row = (cell: number) => [...positions.subarray(8 * cell, 8 * cell + 8)].map((value) => value.toFixed(5));
  const origin = ["0.00000", "0.00000", "1.00000", "1.00000"];
  const one = ["0.84147", "0.01000", "0.54030", "0.99995"];
  const two = ["0.90930", "0.02000", "-0.41615", "0.99980"];
  expect(row(0)).toEqual([...origin, ...origin]);
  // The column comes first: cell 1 lies right of cell 0, cell 3 below it.
  expect(row(1)).toEqual([...one, ...origin]);
  expect(row(3)).toEqual([...origin, ...one]);
  expect(row(5)).toEqual([...two, ...one]);
});

test("a smaller grid spread over the area of a larger one has its cells at the centres of theirs", () => {
  const [width, quarter] = [8, 2];
  const positions = sinCosPositions(width, { rows: 2, columns: 2 }, { rows: 4, columns: 8 });
  // Cells of 2 x 2 over 4 x 8 lie at rows 0.5 and 2.5, and at columns 1.5 and 5.5.
  for (const [cell, [column, row]] of [
    [1.5, 0.5],
    [5.5, 0.5],
    [1.5, 2.5],
    [5.5, 2.5],
  ].entries()) {
    expect(positions[cell * width]).toBeCloseTo(Math.sin(column!), 6);
    expect(positions[cell * width + quarter]).toBeCloseTo(Math.cos(column!), 6);
    expect(positions[cell * width + 2 * quarter]).toBeCloseTo(Math.sin(row!), 6);
  }
  expect(sinCosPositions(width, square(4), square(4))).toEqual(sinCosPositions(width, square(4)));
});

test("interpolation by matrices is that of a grid", async () => {
  const [from, width] = [{ rows: 4, columns: 5 }, 8];
  const values = randomValues("positions", from.rows * from.columns * width);
  for (const to of [square(1), { rows: 3, columns: 5 }, { rows: 4, columns: 2 }, square(7)]) {
    const down = constant(bicubicMatrix(from.rows, to.rows), [to.rows, from.rows]);
    const across = constant(bicubicMatrix(from.columns, to.columns), [to.columns, from.columns]);
    const byRow = constant(values, [from.rows, from.columns * width]);
    const rows = down.matmul(byRow).reshape([to.rows, from.columns, width]);
    const { grid } = await evaluate({ grid: across.matmul(rows) });
    expect(distance(grid, resampleGrid(values, from, to, width))).toBeLessThan(1e-6);
  }
});
