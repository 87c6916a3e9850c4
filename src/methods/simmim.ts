// SimMIM: a simple framework for masked image modelling [Xie et al., CVPR 2022]: masked patches go through the encoder too.
import { z } from "zod";
import { shorterSideOf } from "../data/image-size.js";
import { patchify } from "../graph/index.js";
import { encoder } from "../nn/encoder.js";
import { normal } from "../nn/initializers.js";
import { linear } from "../nn/layers.js";
import { modelLimits } from "../nn/model-limits.js";
import { hasWholePatches, type ModelShape, patchCount, patchGrid, patchValues } from "../nn/presets.js";
import type { RandomStream } from "../random/index.js";
import { featureSpread } from "./feature-spread.js";
import { reconstructingMethod } from "./reconstructing-method.js";
import type { ReconstructionTask } from "./reconstruction-task.js";
import { patchesOf } from "./tokens.js";

export const simmimOptions = z.strictObject({
  maskRatio: z.number().gt(0).lt(1).describe("share of the mask units that are hidden"),
  maskUnit: z
    .int()
    .min(1)
    .max(modelLimits.imageSize)
    .describe("side of the squares that are hidden as a whole, in patches"),
});

/** The options of SimMIM. */
export type SimmimOptions = z.infer<typeof simmimOptions>;

export const simmim = reconstructingMethod<SimmimOptions>({
  name: "simmim",
  options: simmimOptions,
  defaultOptions: { maskRatio: 0.6, maskUnit: null },
  derivedOptions: ["maskUnit"],
  metrics: {
    reconstruction: "mean absolute error of the hidden pixels, which are normalised as the images are",
    featureSpread: "how far the features of patches differ; 0 where all point the same way",
  },
  groupSize: () => 1,
  settle: settleMaskUnit,
  misfits: ({ model, methodOptions }) => {
    const { units, hidden } = maskUnits(model, methodOptions);
    if (!hasWholePatches(model) || hidden < units) return [];
    return [
      `methodOptions.maskRatio: expected a share that leaves at least 1 of the ${units} mask units; found ` +
        `${methodOptions.maskRatio}, which hides ${hidden}. Lower it, or methodOptions.maskUnit`,
    ];
  },
  reconstruction: maskedImageModelling,
  hasDecoder: false,
  sizeMore: ({ model }) => ({ parametersBeside: patchValues(model) * model.width, attentionMaps: model.heads }),
  otherTensors: [
    [/^mask_token$/, ({ width }) => [1, 1, width!]],
    [/^pixel_head\.weight$/, ({ width }) => [null, width!]],
    [/^pixel_head\.bias$/, () => [null]],
  ],
  // Crops, betas and clipping are those of its code; a rate of 1e-4 for 512 images is one of 5e-5 for 256. The schedule
  // is MAE's (our choice: the paper's falls by steps).
  recipe: (preset) => ({
    data: { scale: [0.67, 1] },
    optimizer: { betas: [0.9, 0.999], clipNorm: 5 },
    ...(!(preset === "nano" || preset === "micro") && { schedule: { baseLearningRate: 5e-5 } }),
  }),
});

/** 32 pixels from images of 192 on, below that a sixth of the (shorter) side, in whole patches [the paper; below 192 ours]. */
function settleMaskUnit(
  options: Record<string, unknown>,
  { imageSize, patchSize }: Record<string, unknown>,
): undefined {
  if (options.maskUnit !== null) return;
  const side = shorterSideOf(imageSize);
  options.maskUnit = Math.max(1, Math.round((side >= 192 ? 32 : side / 6) / Number(patchSize)));
}

/** How many mask units there are in a row and in all, and how many are hidden. What is left over of one counts as one. */
function maskUnits(shape: ModelShape, { maskRatio, maskUnit }: SimmimOptions) {
  const { rows, columns } = patchGrid(shape);
  const unitsInRow = Math.ceil(columns / maskUnit);
  const units = Math.ceil(rows / maskUnit) * unitsInRow;
  return { unitsInRow, units, hidden: Math.ceil(units * maskRatio) };
}

/** The plan says of each patch whether it is hidden: 1 or 0, [batch, patches]. */
function maskedImageModelling(shape: ModelShape, options: SimmimOptions): ReconstructionTask {
  const { width, patchSize } = shape;
  const patches = patchCount(shape);
  const values = patchValues(shape);

  return {
    name: "simmim",
    groupSize: 1,
    planName: "hidden",
    planColumns: patches,
    normPixels: false,
    hiddenShare: options.maskRatio,
    drawPlanRow: (stream) => drawHidden(stream, shape, options),
    shownPatches: (planRow) => planRow.map((hidden) => (hidden === 1 ? -1 : 0)),

    build(scope, images, plan) {
      const { embed, positions, encode } = encoder(scope, shape);
      const maskToken = scope.create("mask_token", [1, 1, width], normal(0.02));
      const predict = linear(scope.in("pixel_head"), width, values);
      const pixels = patchify(images, patchSize);
      const hidden = plan.transpose([1, 0]).equal(1).reshape([patches, -1, 1]);

      const tokens = hidden.select(maskToken.reshape([width]), embed(pixels));
      const encoded = encode(tokens.add(positions.reshape([patches, 1, width])));
      const prediction = predict(patchesOf(encoded));

      const counted = hidden.cast(prediction.dtype);
      const error = prediction.sub(pixels).abs().mul(counted).sum();
      const loss = error.div(counted.sum().mul(values));
      return { loss, metrics: { reconstruction: loss, featureSpread: featureSpread(encoded) }, prediction };
    },
  };
}

function drawHidden(stream: RandomStream, shape: ModelShape, options: SimmimOptions): Int32Array {
  const { unitsInRow, units, hidden } = maskUnits(shape, options);
  const isHidden = new Uint8Array(units);
  for (const unit of stream.permutation(units).subarray(0, hidden)) isHidden[unit] = 1;
  const { columns } = patchGrid(shape);
  return Int32Array.from({ length: patchCount(shape) }, (_, patch) => {
    const places = [Math.floor(patch / columns), patch % columns];
    const [row, column] = places.map((place) => Math.floor(place / options.maskUnit));
    return isHidden[row! * unitsInRow + column!]!;
  });
}
