// Relative positions: learned biases of attention by how far a key is from its query.
import { constant, type Tensor } from "../graph/index.js";
import { zeros } from "./initializers.js";
import type { ParameterScope } from "./parameters.js";
import type { Grid } from "./presets.js";

/** Biases [heads, 1 + patches, 1 + patches] of the attention between CLS and the patches of a grid, row by row. */
export type RelativePositions = (grid: Grid) => Tensor;

/** CLS to a patch, a patch to CLS, CLS to itself. */
const OF_CLS = 3;

/**
 * A bias for each head and each distance in rows and columns between query and key, and one each for the three relations
 * of CLS [Bao et al., "BEiT: BERT Pre-Training of Image Transformers", ICLR 2022]: `relative_position_bias_table`
 * [(2 rows - 1)(2 columns - 1) + 3, heads], zero at the start. `learned` is the grid whose distances it holds; between
 * patches that are farther apart, in a larger grid, it takes the farthest that it knows (ours).
 */
export function relativePositions(scope: ParameterScope, heads: number, learned: Grid): RelativePositions {
  const distances = (2 * learned.rows - 1) * (2 * learned.columns - 1);
  const table = scope.create("relative_position_bias_table", [distances + OF_CLS, heads], zeros, { decay: false });
  return (grid) => {
    const tokens = 1 + grid.rows * grid.columns;
    const index = constant(distanceIndex(grid, learned, distances), [tokens * tokens], "int32");
    return table.gather(index).reshape([tokens, tokens, heads]).transpose([2, 0, 1]);
  };
}

/** The row of the table for each query and key. */
function distanceIndex({ rows, columns }: Grid, learned: Grid, distances: number): Int32Array {
  const tokens = 1 + rows * columns;
  const index = new Int32Array(tokens * tokens);
  const place = (distance: number, extent: number) => Math.min(Math.max(distance, 1 - extent), extent - 1) + extent - 1;
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key < tokens; key++) {
      index[query * tokens + key] = relation(query, key);
    }
  }
  return index;

  function relation(query: number, key: number): number {
    if (query === 0) return distances + (key === 0 ? 2 : 0);
    if (key === 0) return distances + 1;
    const [own, other] = [query - 1, key - 1];
    const down = place(Math.floor(own / columns) - Math.floor(other / columns), learned.rows);
    const across = place((own % columns) - (other % columns), learned.columns);
    return down * (2 * learned.columns - 1) + across;
  }
}
