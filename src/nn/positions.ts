// Fixed two-dimensional sine-cosine position embeddings, as MAE uses them.

/**
 * One row for each cell of a grid x grid image, row by row: [grid * grid, width], width a multiple of 4.
 *
 * The first half of the channels encodes the column, the second the row; each half is [sin | cos] of the coordinate
 * times the frequencies 10000^(-i / (width / 4)) (He et al., CVPR 2022, after Vaswani et al., NeurIPS 2017).
 *
 * `extent`: the cells spread evenly over the area of another grid of extent x extent cells, whose coordinates they get;
 * by default the grid's own.
 */
export function sinCosPositions(width: number, grid: number, extent: number = grid): Float32Array {
  const quarter = width / 4;
  const values = new Float32Array(grid * grid * width);
  for (let cell = 0; cell < grid * grid; cell++) {
    const places = [cell % grid, Math.floor(cell / grid)];
    const coordinates = places.map((place) => (extent === grid ? place : ((place + 0.5) * extent) / grid - 0.5));
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
