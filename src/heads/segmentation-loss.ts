// The loss of segmentation: cross-entropy of each pixel that has a label.
import { range, type Tensor } from "../graph/index.js";
import { IGNORED } from "./segmentation-metrics.js";

/** What scores of classes are compared with, and how well they agree. */
export interface PixelLoss {
  /** Mean over the pixels with a label; 0 where none has one. */
  readonly loss: Tensor;
  /** Share of these pixels whose highest score is that of their class. */
  readonly accuracy: Tensor;
}

/**
 * Scores [batch, classes, rows, columns], brought to the size of the labels [batch, height, width] (uint8) by bilinear
 * interpolation. Pixels labelled IGNORED count for nothing. `labelled` [1]: how many pixels the mean is taken over, where
 * that is not the number of those that have a label here.
 */
export function pixelLoss(scores: Tensor, labels: Tensor, labelled?: Tensor): PixelLoss {
  const [batch, height, width] = labels.shape as [number, number, number];
  const classes = scores.shape[1]!;
  const resized = scores.resizeBilinear(height, width);
  const index = labels.cast("int32").reshape([batch, 1, height, width]);
  const counted = index.equal(IGNORED).not().cast("float32");
  const own = index.equal(range(classes).reshape([1, classes, 1, 1])).cast("float32");
  const ownScore = resized.mul(own).sum([1], { keepDims: true });
  const count = labelled?.reshape([]) ?? counted.sum().maximum(1);
  const losses = resized.logSumExp(1, { keepDims: true }).sub(ownScore).mul(counted);
  const isRight = ownScore
    .greaterOrEqual(resized.max([1], { keepDims: true }))
    .cast("float32")
    .mul(counted);
  return { loss: losses.sum().div(count), accuracy: isRight.sum().div(count).stopGradient() };
}
