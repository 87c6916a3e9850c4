// How a segmentation model is applied to images: by windows that move over them, or to each as a whole.

import type { Engine } from "../../engine/index.js";
import type { ImageModel } from "../predict-all.js";
import { createImageSegmenter, type FrozenSegmenter } from "./segment-image.js";
import { wholeImageSegmenter } from "./segment-whole.js";

/** slide: windows as large as the crops of training, their scores averaged; whole: the image at once. */
export const segmentInferences = ["slide", "whole"] as const;
export type SegmentInference = (typeof segmentInferences)[number];

/** Compiles a model. */
export async function createSegmenter(
  model: FrozenSegmenter,
  engine: Engine,
  inference: SegmentInference = "slide",
): Promise<ImageModel<Uint8Array>> {
  return inference === "whole" ? wholeImageSegmenter(model, engine) : createImageSegmenter(model, engine);
}
