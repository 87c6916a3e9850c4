// RoIAlign: regions of feature maps brought to one size [He et al., "Mask R-CNN", ICCV 2017], as torchvision has it.
import { ProgramError } from "../errors.js";
import { range, type Tensor } from "../tensor.js";

/** How regions are sampled. */
export interface RegionOptions {
  /** Rows and columns of the result. */
  readonly side: number;
  /** Places of the maps for each pixel that boxes are measured in: 1/16 after patches of 16. */
  readonly scale: number;
}

/** Samples for each cell of the result, each way. */
const SAMPLES = 2;

/**
 * Maps [batch, channels, rows, columns] and boxes [batch, regions, 4] (left, top, right, bottom edge) to
 * [batch, regions, channels, side, side]: each cell is the mean of 2 x 2 samples by bilinear interpolation, pixels having their
 * centres at halves (torchvision's `aligned=True, sampling_ratio=2`). No gradient flows to the boxes.
 *
 * The samples lie on a grid, so that rows and columns are weighted one after the other: two products of matrices.
 */
export function regionAlign(maps: Tensor, boxes: Tensor, { side, scale }: RegionOptions): Tensor {
  const [batch, channels, rows, columns] = maps.shape as [number, number, number, number];
  const regions = boxes.shape[1]!;
  const fits = maps.rank === 4 && boxes.rank === 3 && boxes.shape[0] === batch && boxes.shape[2] === 4;
  if (!fits || maps.dtype !== boxes.dtype || !Number.isInteger(side) || side < 1) {
    throw new ProgramError(
      `regionAlign: takes maps of four axes, boxes [${batch}, n, 4] and a side; found ${maps}, ${boxes}, ${side}`,
    );
  }
  const edges = boxes.stopGradient().mul(scale).sub(0.5);
  const edge = (index: number) => edges.slice(2, index, index + 1);
  const across = weights(edge(0), edge(2), side, columns);
  const down = weights(edge(1), edge(3), side, rows);
  const byRow = down
    .reshape([batch, regions * side, rows])
    .matmul(maps.transpose([0, 2, 1, 3]).reshape([batch, rows, channels * columns]))
    .reshape([batch, regions, side * channels, columns]);
  return byRow
    .matmul(across.transpose([0, 1, 3, 2]))
    .reshape([batch, regions, side, channels, side])
    .transpose([0, 1, 3, 2, 4]);
}

/** How much each place of an axis counts for each cell of each region [batch, regions, side, size]. */
function weights(start: Tensor, end: Tensor, side: number, size: number): Tensor {
  const [batch, regions] = start.shape as [number, number];
  const cell = end.sub(start).mul(1 / side);
  const steps = range(side * SAMPLES, "int32")
    .cast(start.dtype)
    .add(0.5)
    .mul(1 / SAMPLES);
  // [batch, regions, side * samples]
  const samples = start.add(cell.mul(steps.reshape([1, 1, side * SAMPLES])));
  // More than a place beyond the maps there is nothing; nearer, the place at the edge is taken.
  const isInside = samples.greaterOrEqual(-1).and(samples.less(size).or(samples.equal(size)));
  const within = samples
    .maximum(0)
    .neg()
    .maximum(1 - size)
    .neg();
  const places = range(size, "int32").cast(start.dtype).reshape([1, 1, 1, size]);
  const distance = within
    .reshape([batch, regions, side * SAMPLES, 1])
    .sub(places)
    .abs();
  const bilinear = distance.neg().add(1).maximum(0);
  return bilinear
    .mul(isInside.cast(start.dtype).reshape([batch, regions, side * SAMPLES, 1]))
    .reshape([batch, regions, side, SAMPLES, size])
    .mean([3]);
}
