// The encoder for dense tasks: images of any size to maps of features, taken after some of its blocks.
import { constant, patchify, type Tensor } from "../graph/index.js";
import type { BlockOptions } from "./block.js";
import { encoder } from "./encoder.js";
import type { ParameterScope } from "./parameters.js";
import { type EncoderShape, type Grid, patchCount, patchGrid } from "./presets.js";
import { relativePositions } from "./relative-positions.js";
import { bicubicMatrix, isSameGrid } from "./resample-positions.js";
import { fixedPositions } from "./vision-transformer.js";
import { coversGrid, filledUp, gridWindows } from "./windows.js";

/** How an encoder looks at images for a dense task. */
export interface DenseEncoderOptions {
  /** Blocks after which a map is taken, counted from 0; the last block is the last of them. */
  readonly taps: readonly number[];
  /** Where it is given, attention stays within squares of `side` patches, but for the blocks that are named. */
  readonly windows?: { readonly side: number; readonly globalBlocks: readonly number[] } | undefined;
  /** The grid whose distances get a learned bias in every block; none where it is left out. */
  readonly relativeTo?: Grid | undefined;
  /** Whether the last map is normalised by the encoder's final norm, which it is without otherwise. */
  readonly finalNorm?: boolean;
}

/**
 * Normalised images [batch, height, width, channels] to a map [batch, width, rows, columns] for each tap, rows =
 * ceil(height / patchSize); sides that are no multiple are filled up with zeros. `branchScales` [batch, depth, 2] are for
 * drop path.
 */
export type DenseEncoder = (images: Tensor, branchScales?: Tensor) => readonly Tensor[];

/**
 * A vision transformer whose parameters are those of `visionTransformer`: `pos_embed` has the grid that it was
 * pre-trained with, and is resampled (bicubic) where the images have another. Relative positions are
 * `blocks.N.attn.relative_position_bias_table`.
 */
export function denseEncoder(scope: ParameterScope, shape: EncoderShape, options: DenseEncoderOptions): DenseEncoder {
  const { patchSize, width, depth, heads } = shape;
  const { taps, windows, relativeTo, finalNorm = false } = options;
  if (taps.some((tap) => !Number.isInteger(tap) || tap < 0 || tap >= depth) || Math.max(...taps) !== depth - 1) {
    throw new RangeError(`denseEncoder: expected taps up to the last block, ${depth - 1}; found ${taps}`);
  }
  const { embed, sequences, norm } = encoder(scope, shape, { finalNorm });
  const positions = scope.create("pos_embed", [1, 1 + patchCount(shape), width], fixedPositions(shape), {
    decay: false,
  });
  const isWindowed = (block: number) => windows !== undefined && !windows.globalBlocks.includes(block);
  // Within a window no two patches are farther apart than its side.
  const learnedGrid = (block: number, grid: Grid): Grid => {
    if (!isWindowed(block)) return grid;
    return { rows: Math.min(windows!.side, grid.rows), columns: Math.min(windows!.side, grid.columns) };
  };
  const biases =
    relativeTo &&
    Array.from({ length: depth }, (_, block) =>
      relativePositions(scope.in(`blocks.${block}.attn`), heads, learnedGrid(block, relativeTo)),
    );

  return (images, branchScales) => {
    const [batch, height, breadth] = images.shape as [number, number, number, number];
    const grid = { rows: Math.ceil(height / patchSize), columns: Math.ceil(breadth / patchSize) };
    const filled = filledUp(filledUp(images, 1, grid.rows * patchSize - height), 2, grid.columns * patchSize - breadth);
    const ofPatches = resampled(positions.slice(1, 1), patchGrid(shape), grid, width);
    const tokens = embed(patchify(filled, patchSize)).add(ofPatches.reshape([grid.rows * grid.columns, 1, width]));
    const attention = (block: number): Pick<BlockOptions, "exclude" | "bias" | "windows"> => {
      if (!isWindowed(block) || coversGrid(windows!.side, grid)) return { bias: biases?.[block]?.(grid) };
      const { side } = windows!;
      const { exclude, ...cut } = gridWindows(side, grid);
      return { exclude, windows: cut, bias: biases?.[block]?.({ rows: side, columns: side }) };
    };
    const passed = sequences(tokens, { attention, clsPosition: positions.slice(1, 0, 1), branchScales });
    return taps.map((tap) => {
      const after = passed[tap + 1]!;
      return (tap === depth - 1 ? norm(after) : after)
        .slice(0, 1)
        .transpose([1, 2, 0])
        .reshape([batch, width, grid.rows, grid.columns]);
    });
  };
}

/** Positions [1, cells, width] of a grid as those of another. */
function resampled(positions: Tensor, from: Grid, to: Grid, width: number): Tensor {
  if (isSameGrid(from, to)) return positions;
  const down = constant(bicubicMatrix(from.rows, to.rows), [to.rows, from.rows]);
  const across = constant(bicubicMatrix(from.columns, to.columns), [to.columns, from.columns]);
  const byRow = positions.reshape([from.rows, from.columns * width]);
  return across.matmul(down.matmul(byRow).reshape([to.rows, from.columns, width]));
}

/** After the third, the half, two thirds and the whole of the blocks: 3, 5, 7 and 11 of 12, as MAE's recipe has them. */
export function pyramidTaps(depth: number): number[] {
  return [1 / 3, 1 / 2, 2 / 3, 1].map((share) => Math.max(0, Math.round(share * depth) - 1));
}
