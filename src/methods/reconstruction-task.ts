// What a method that reconstructs consists of: a random plan drawn on the host, and loss and prediction as tensors.
import type { Tensor } from "../graph/index.js";
import type { ParameterScope } from "../nn/parameters.js";
import type { RandomStream } from "../random/index.js";
import type { AttentionWatch } from "./attention-watch.js";

/** What a method computes from a batch; every tensor here may become an output of a program. */
export interface PretextTask {
  /** The scalar to minimise. */
  readonly loss: Tensor;
  /** Metrics to log in addition to the loss, scalars or vectors, under the names that `metrics.jsonl` gives them. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** The decoder's output for every image of the batch: [patches, batch, patchSize * patchSize * channels]. */
  readonly prediction: Tensor;
}

/** A reconstructing method for one shape of model. */
export interface ReconstructionTask {
  readonly name: string;
  /** How many images are taken together; batches and micro-batches are multiples of it. */
  readonly groupSize: number;
  /** The name of the plan's input in a program. */
  readonly planName: string;
  /** The plan's columns: it has one row for each group of images. */
  readonly planColumns: number;
  /** Draws one row of the plan for a step, numbered from 1. */
  drawPlanRow(stream: RandomStream, step: number): Int32Array;
  /**
   * Builds model and loss for normalised images [batch, height, width, channels] and a plan [batch / groupSize, planColumns]
   * of dtype int32. The model's parameters are made in the scope. Methods that mix images call `watch` for each block
   * of the encoder, others never.
   */
  build(scope: ParameterScope, images: Tensor, plan: Tensor, watch?: AttentionWatch): PretextTask;
  /** Whether it predicts patches that are normalised by their own mean and deviation. */
  readonly normPixels: boolean;
  /** The share of the patches that the encoder does not see. */
  readonly hiddenShare: number;
  /**
   * For pictures: what the encoder saw where an image, given by its place in the group, was decoded from: for each
   * patch the place in the group of the image that it came from, or -1 where there was nothing.
   */
  shownPatches(planRow: Int32Array, placeInGroup: number): Int32Array;
}
