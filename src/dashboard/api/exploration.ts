// What the server tells of a run that is explored: mixtures and images as its encoder sees them.

import type { ImageSize } from "../../data/image-size.js";

/** What one block of the encoder attends to in a mixture. */
export interface ExploredBlock {
  /** Whether TopK says which patches are kept; all are where it does not. */
  readonly keepsTop: boolean;
  /** Of the patches that are kept, the share of a patch's own image; of what it attends to, where all are. */
  readonly precision: number;
  readonly headPrecision: readonly number[];
  /** For patches of each image, the share of those that they keep (or attend to) from each image. */
  readonly confusion: readonly (readonly number[])[];
  /**
   * In base64, bytes [heads, patches, patches]: 0 for what a patch does not keep, else 1 to 255, most for what it attends
   * to most.
   */
  readonly attention: string;
}

/** What a run's newest checkpoint makes of some images. Pictures are base64 of red, green and blue, by rows. */
export type Exploration = ExploredMixture | ExploredImages;

/** A mixture of images, as the method itself sees it. */
export interface ExploredMixture {
  readonly kind: "mixture";
  readonly method: string;
  /** Of the checkpoint. */
  readonly step: number;
  readonly seed: number;
  /** Whether the encoder was told by segment embeddings which patches belong together; null where it never is. */
  readonly segments: boolean | null;
  readonly imageSize: ImageSize;
  readonly patchSize: number;
  readonly heads: number;
  /** Which image each patch of the mixture comes from. */
  readonly sources: readonly number[];
  readonly images: readonly string[];
  readonly mixture: string;
  readonly reconstructions: readonly string[];
  /** Whether reconstructions have each patch's mean and deviation from the original, since the model predicts neither. */
  readonly normPixels: boolean;
  readonly blocks: readonly ExploredBlock[];
  /** The method's own metric of the blocks that keep some, over all mixtures of the group. */
  readonly methodPrecision: readonly number[];
  /** What computing it took. */
  readonly milliseconds: number;
}

/** Single images, as the encoder sees them that is transferred: of methods that do not mix. */
export interface ExploredImages {
  readonly kind: "images";
  readonly method: string;
  /** Of the checkpoint. */
  readonly step: number;
  readonly seed: number;
  readonly segments: null;
  readonly imageSize: ImageSize;
  readonly patchSize: number;
  readonly heads: number;
  readonly images: readonly string[];
  /** What the method is shown of each image, and what it makes of that; null where it reconstructs nothing. */
  readonly reconstructed: {
    readonly inputs: readonly string[];
    readonly pictures: readonly string[];
    readonly normPixels: boolean;
  } | null;
  /** By block, in base64, bytes [images, heads, patches, patches] from 1 to 255, most for what a patch attends to most. */
  readonly blocks: readonly string[];
  /** For each patch of each image, the patches of other images whose features are most like its own, by their places in all images. */
  readonly nearest: readonly (readonly number[])[];
  readonly milliseconds: number;
}
