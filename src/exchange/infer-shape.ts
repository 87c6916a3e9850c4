// The shape of a model from the shapes of its tensors.

import { type ImageSides, sidesOf } from "../data/image-size.js";
import { FormatError } from "../formats/errors.js";
import { modelLimits } from "../nn/model-limits.js";
import { type EncoderShape, encoderShapeOf, type Grid, patchGrid } from "../nn/presets.js";
import type { DecoderShape } from "../training/model-description.js";
import { WeightsRequestError } from "./errors.js";
import type { NamedTensor } from "./official-names.js";

export interface InferredModel {
  /** `imageSize` is that of the position embeddings. */
  readonly shape: EncoderShape;
  readonly decoder: DecoderShape | undefined;
  /** Whether the position embeddings have a row for CLS; where not, none is added to it. */
  readonly clsPosition: boolean;
  /** How the numbers of heads, which no tensor gives, were found. */
  readonly notes: readonly string[];
}

/** What is known from elsewhere: numbers of heads, and sizes that the images may have. */
export interface KnownSizes {
  readonly heads: number | undefined;
  readonly decoderHeads: number | undefined;
  /** Who says so, for the report. */
  readonly origin: string;
  /** The first that gives as many patches as there are positions is that of the images; else they are squares. */
  readonly imageSizes: readonly ImageSides[];
}

/** Those of the published models (MAE, DINO, iBOT, timm); others have heads of 64 channels. */
const headsByWidth: Readonly<Record<number, number>> = { 192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16 };
/** Values of position embeddings, far above any model's. */
export const MAX_POSITIONS = 1 << 26;
/** MAE's decoder. */
const decoderHeadsByWidth: Readonly<Record<number, number>> = { 512: 16, 96: 3 };

/** Throws FormatError where the tensors are not those of a model, or the heads have to be given. */
export function inferModel(
  path: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  known: KnownSizes,
  encoderOnly: boolean,
): InferredModel {
  const refuse = (problem: string): never => {
    throw new FormatError(path, problem);
  };
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const tensor = tensors.get(name);
    if (tensor === undefined) return refuse(`it has no ${name}, which a vision transformer needs`);
    if (tensor.shape.length === rank && tensor.shape.every((size) => size > 0)) return tensor.shape;
    return refuse(`expected ${name} to have ${rank} axes; found the shape [${tensor.shape.join(", ")}]`);
  };

  const [width = 0, channels = 0, patchSize = 0, patchWidth] = shapeOf("patch_embed.proj.weight", 4);
  if (channels > modelLimits.channels) {
    refuse(`expected patches of at most ${modelLimits.channels} channels; found ${channels}`);
  }
  if (patchSize !== patchWidth) refuse(`expected square patches; found ${patchSize} x ${patchWidth}`);
  const [, rows = 0, positionWidth] = shapeOf("pos_embed", 3);
  if (positionWidth !== width) refuse(`expected positions of the width ${width}; found ${positionWidth}`);
  if (rows * width > MAX_POSITIONS) refuse(`${rows} positions of width ${width} are more than a model has`);
  const grid =
    gridOf(rows, patchSize, known.imageSizes) ??
    refuse(
      `expected positions of a square grid; found ${rows} rows in pos_embed. If the images were no squares, give their ` +
        "size with --image-size HEIGHTxWIDTH",
    );
  const clsPosition = rows === grid.rows * grid.columns + 1;
  const depth = countBlocks(tensors, "blocks");
  const [hidden = 0] = shapeOf("blocks.0.mlp.fc1.weight", 2);
  const notes: string[] = [];
  const heads = chooseHeads("heads", width, known.heads ?? headsByWidth[width] ?? width / 64);
  if (known.heads === undefined)
    notes.push(`${heads} heads, by the width of ${width}, since no tensor gives their number; --heads sets another`);
  else if (known.origin !== "") notes.push(`${heads} heads, by ${known.origin}`);
  const imageSize = sidesOf({ width: grid.columns * patchSize, height: grid.rows * patchSize });
  const shape = encoderShapeOf({ imageSize, patchSize, channels, width, depth, heads, mlpRatio: hidden / width });
  if (encoderOnly || !tensors.has("decoder_embed.weight")) return { shape, decoder: undefined, clsPosition, notes };

  const [decoderWidth = 0] = shapeOf("decoder_embed.weight", 2);
  if (rows * decoderWidth > MAX_POSITIONS)
    refuse(`${rows} positions of width ${decoderWidth} are more than a model has`);
  const [decoderHidden = 0] = shapeOf("decoder_blocks.0.mlp.fc1.weight", 2);
  if (decoderHidden / decoderWidth !== shape.mlpRatio) {
    refuse(
      `expected MLPs of one ratio; found ${shape.mlpRatio} in the encoder, ${decoderHidden / decoderWidth} in the decoder. Take --encoder-only`,
    );
  }
  const guess = decoderHeadsByWidth[decoderWidth] ?? decoderWidth / 32;
  const decoderHeads = chooseHeads("decoder-heads", decoderWidth, known.decoderHeads ?? guess);
  if (known.decoderHeads === undefined) {
    notes.push(
      `${decoderHeads} heads in the decoder, by its width of ${decoderWidth}; --decoder-heads sets another number`,
    );
  }
  const decoderDepth = countBlocks(tensors, "decoder_blocks");
  return { shape, decoder: { decoderWidth, decoderDepth, decoderHeads }, clsPosition, notes };

  function chooseHeads(flag: string, channelCount: number, count: number): number {
    if (channelCount % 4 !== 0) refuse(`expected a width that is a multiple of 4; found ${channelCount}`);
    if (Number.isInteger(count) && channelCount % count === 0) return count;
    throw new WeightsRequestError(
      path,
      `no tensor gives the number of heads, and ${count} does not divide ${channelCount} channels. Give it with --${flag}`,
    );
  }
}

/** The grid that positions are of, with a row for CLS or without. */
function gridOf(rows: number, patchSize: number, imageSizes: readonly ImageSides[]): Grid | undefined {
  const squares = [rows - 1, rows].map(Math.sqrt).map((side) => ({ rows: side, columns: side }));
  const grids = [...imageSizes.map((imageSize) => patchGrid({ imageSize, patchSize })), ...squares];
  return grids.find(({ rows: down, columns: across }) => {
    const isWhole = Number.isInteger(down) && Number.isInteger(across);
    return isWhole && down * across >= 1 && [rows - 1, rows].includes(down * across);
  });
}

function countBlocks(tensors: ReadonlyMap<string, NamedTensor>, name: string): number {
  let depth = 0;
  while (tensors.has(`${name}.${depth}.norm1.weight`)) depth++;
  return depth;
}
