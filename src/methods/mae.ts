// MAE: masked autoencoding [He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022].
import { z } from "zod";
import { patchify, range, type Tensor } from "../graph/index.js";
import { decoder } from "../nn/decoder.js";
import { encoder } from "../nn/encoder.js";
import { hasWholePatches, type ModelShape, patchCount } from "../nn/presets.js";
import { featureSpread } from "./feature-spread.js";
import { reconstructingMethod, reconstructionMetrics } from "./reconstructing-method.js";
import { normPixelsOption, reconstructionLoss, reconstructionTarget } from "./reconstruction.js";
import type { ReconstructionTask } from "./reconstruction-task.js";
import { clsOf, patchesOf } from "./tokens.js";

export const maeOptions = z.strictObject({
  maskRatio: z.number().gt(0).lt(1).describe("share of the patches that the encoder does not see"),
  normPixels: normPixelsOption,
});

/** The options of MAE. */
export type MaeOptions = z.infer<typeof maeOptions>;

export const mae = reconstructingMethod<MaeOptions>({
  name: "mae",
  options: maeOptions,
  // Those of the paper.
  defaultOptions: { maskRatio: 0.75, normPixels: true },
  metrics: reconstructionMetrics,
  groupSize: () => 1,
  reconstruction: maskedAutoencoding,

  misfits({ model, methodOptions: { maskRatio } }) {
    const patches = patchCount(model);
    const kept = Math.floor(patches * (1 - maskRatio));
    if (!hasWholePatches(model) || (kept >= 1 && kept < patches)) return [];
    return [
      `methodOptions.maskRatio: expected a share that leaves at least 1 and hides at least 1 of the ${patches} patches; ` +
        `found ${maskRatio}, which keeps ${kept}. Change it, or model.imageSize or model.patchSize`,
    ];
  },
});

/** The plan names the patches that are kept, [batch, kept], in the order in which the encoder gets them. */
function maskedAutoencoding(shape: ModelShape, { maskRatio, normPixels }: MaeOptions): ReconstructionTask {
  const patchesPerImage = patchCount(shape);
  const kept = Math.floor(patchesPerImage * (1 - maskRatio));

  return {
    name: "mae",
    groupSize: 1,
    planName: "keep",
    planColumns: kept,
    normPixels,
    hiddenShare: maskRatio,
    drawPlanRow: (stream) => stream.permutation(patchesPerImage).slice(0, kept),

    build(scope, images, keep) {
      const { embed, positions, encode } = encoder(scope, shape);
      const { embed: embedForDecoder, maskToken, decode } = decoder(scope, shape);
      const patches = patchify(images, shape.patchSize);
      const mask = readMask(keep, patchesPerImage);

      const visible = rowsOf(patches).gather(mask.keptRows);
      const tokens = embed(visible).add(positions.gather(mask.keptPatches));
      const encoded = encode(tokens);

      const embedded = embedForDecoder(encoded);
      const unshuffled = rowsOf(patchesOf(embedded)).gather(mask.placeRows, mask.keptRows.reshape([-1]));
      const decoderInput = mask.hidden.reshape([...mask.hidden.shape, 1]).select(maskToken, unshuffled);
      const prediction = decode(clsOf(embedded), decoderInput);

      const target = reconstructionTarget(patches, normPixels);
      const hiddenCount = (patchesPerImage - kept) * images.shape[0]!;
      const loss = reconstructionLoss(prediction, target, mask.hidden, hiddenCount);
      return { loss, metrics: { reconstruction: loss, featureSpread: featureSpread(encoded) }, prediction };
    },

    shownPatches(planRow) {
      const layout = new Int32Array(patchesPerImage).fill(-1);
      for (const position of planRow) layout[position] = 0;
      return layout;
    },
  };
}

/** Tokens [tokens, batch, width] as rows [tokens * batch, width]. */
function rowsOf(tokens: Tensor): Tensor {
  return tokens.reshape([-1, tokens.shape[2]!]);
}

interface Mask {
  /** For each kept token the patch that it is: [kept, batch]. */
  readonly keptPatches: Tensor;
  /** The row of that patch in patches viewed as rows [patches * batch, n]: [kept, batch]. */
  readonly keptRows: Tensor;
  /** For each patch the row of its token in kept tokens viewed as rows [kept * batch, n], row b where hidden. */
  readonly placeRows: Tensor;
  /** Whether the encoder does not see a patch: boolean [patches, batch]. */
  readonly hidden: Tensor;
}

/** What a plan [batch, kept] says, as the indices that the program reads by. */
function readMask(keep: Tensor, patches: number): Mask {
  const [batch, kept] = keep.shape as [number, number];
  const image = range(batch).reshape([1, batch]);
  const keptPatches = keep.transpose([1, 0]);
  const isKept = keptPatches.oneHot(patches);
  // The largest, though at most one is not 0: a plan that repeats a patch, as an empty one does, then still names rows.
  const place = isKept.mul(range(kept).cast("float32").reshape([kept, 1, 1])).max([0]);
  return {
    keptPatches,
    keptRows: keptPatches.mul(batch).add(image),
    placeRows: place.transpose([1, 0]).cast("int32").mul(batch).add(image),
    hidden: isKept.sum([0]).transpose([1, 0]).less(0.5),
  };
}
