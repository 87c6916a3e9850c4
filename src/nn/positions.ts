// Fixed two-dimensional sine-cosine position embeddings, as MAE uses them.

/**
 * One row for each cell of a grid x grid image, row by row: [grid * grid, width], width a multiple of 4.
 *
 * The first half of the channels encodes the column, the second the row; each half is [sin | cos] of the coordinate
 * times the frequencies 10000^(-i / (width / 4)) (He et al., CVPR 2022, after Vaswani et al., NeurIPS 2017).
 */
export function sinCosPositions(width: number, grid: number): Float32Array {
  const quarter = width / 4;
  const values = new Float32Array(grid * grid * width);
  for (let cell = 0; cell < grid * grid; cell++) {
    const coordinates = [cell % grid, Math.floor(cell / grid)];
    for (const [half, coordinate] of coordinates.entries()) {
      for (let i = 0; i < quarter; i++) {
        const angle = coordinate * 10000 ** (-i / quarter);
        const start = cell * width + half * 2 * quarter;
        values[start + i] = Math.sin(angle);
        values[start + quarter + i] = Math.cos(angle);
      }
    }
  }
  return values;
}
