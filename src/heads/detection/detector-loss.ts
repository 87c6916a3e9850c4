// The losses of a detector: of the anchors and of the regions that a step learns from, and of the masks of those with objects.
//
// Every term comes with a weight, one over how many there are in the whole batch, so that a batch that is computed in parts has
// the loss of the whole.
import { range, type Tensor } from "../../graph/index.js";
import type { ProposalMaps } from "./proposal-head.js";
import type { RegionScores } from "./region-heads.js";

/** Which anchors count, and for what. */
export interface AnchorTargets {
  /** Numbers of anchors, int32 [batch, n]. */
  readonly index: Tensor;
  /** 1 for an object, 0 for none [batch, n]. */
  readonly label: Tensor;
  /** Of each term; 0 where there is none [batch, n]. */
  readonly weight: Tensor;
  /** Of those with objects [batch, n, 4]. */
  readonly deltas: Tensor;
}

/** Sums over the anchors that were sampled. */
export function proposalLosses(
  { objectness, deltas }: ProposalMaps,
  targets: AnchorTargets,
  boxBeta: number,
): { readonly objectness: Tensor; readonly boxes: Tensor } {
  const [batch, anchors] = objectness.shape as [number, number];
  const sampled = targets.index.shape[1]!;
  const rows = targets.index.add(range(batch).mul(anchors).reshape([batch, 1])).reshape([batch * sampled]);
  const flat = (tensor: Tensor) => tensor.reshape([batch * sampled]);
  const [label, weight] = [flat(targets.label), flat(targets.weight)];
  const logits = objectness
    .reshape([batch * anchors, 1])
    .gather(rows)
    .reshape([batch * sampled]);
  const found = deltas.reshape([batch * anchors, 4]).gather(rows);
  const distance = smoothAbsolute(found.sub(targets.deltas.reshape([batch * sampled, 4])), boxBeta).sum([1]);
  return {
    objectness: binaryCrossEntropy(logits, label).mul(weight).sum(),
    boxes: distance.mul(label.mul(weight)).sum(),
  };
}

/** What the regions show. */
export interface RegionTargets {
  /** Their classes, int32 [n]; the number of classes for none. */
  readonly classes: Tensor;
  /** [n]; 0 for rows that only fill up. */
  readonly weight: Tensor;
  /** Of those with objects [n, 4]. */
  readonly deltas: Tensor;
}

/** Sums over the regions: of their classes, and of the boxes of those with objects, each as its class has it. */
export function regionLosses(
  { scores, deltas }: RegionScores,
  targets: RegionTargets,
  boxBeta: number,
): { readonly classes: Tensor; readonly boxes: Tensor; readonly accuracy: Tensor } {
  const classes = deltas.shape[1]!;
  const regions = scores.shape[0]!;
  const { weight } = targets;
  const isClass = targets.classes.oneHot(classes + 1);
  const surprise = scores.logSumExp(1).sub(scores.mul(isClass).sum([1]));
  // All zero for regions without an object: their boxes do not count.
  const ofObject = isClass.slice(1, 0, classes);
  const own = deltas.mul(ofObject.reshape([regions, classes, 1])).sum([1]);
  const distance = smoothAbsolute(own.sub(targets.deltas), boxBeta).sum([1]);
  const isRight = scores
    .mul(isClass)
    .sum([1])
    .greaterOrEqual(scores.max([1]))
    .cast("float32");
  return {
    classes: surprise.mul(weight).sum(),
    boxes: distance.mul(ofObject.sum([1]).mul(weight)).sum(),
    accuracy: isRight.mul(weight).sum(),
  };
}

/**
 * Mean binary cross-entropy of masks [n, classes, side, side], each as its class has it: `classes` int32 [n], `targets` uint8
 * [n, side, side], `weight` [n].
 */
export function maskLoss(masks: Tensor, classes: Tensor, targets: Tensor, weight: Tensor): Tensor {
  const [count, kinds] = masks.shape as [number, number];
  const isClass = classes
    .oneHot(kinds + 1)
    .slice(1, 0, kinds)
    .reshape([count, kinds, 1, 1]);
  const own = masks.mul(isClass).sum([1]);
  return binaryCrossEntropy(own, targets.cast("float32")).mean([1, 2]).mul(weight).sum();
}

/** Of logits and targets of the same shape, element by element. */
function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const tail = logits.abs().neg().exp().add(1).log();
  return logits.relu().sub(logits.mul(targets)).add(tail);
}

/** x^2 / (2 beta) near zero and |x| - beta / 2 beyond beta; |x| where beta is 0 [Girshick, "Fast R-CNN", ICCV 2015]. */
function smoothAbsolute(x: Tensor, beta: number): Tensor {
  const size = x.abs();
  if (beta === 0) return size;
  return size.less(beta).select(x.mul(x).mul(0.5 / beta), size.sub(beta / 2));
}
