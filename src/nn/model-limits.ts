// The largest models that are taken: well above those of the literature, so that what is beyond is a slip.

/** Lengths in pixels, widths in channels. Each is far more than ViT-22B has [Dehghani et al., ICML 2023]. */
export const modelLimits = {
  imageSize: 8192,
  patchSize: 1024,
  channels: 256,
  width: 16_384,
  depth: 256,
  heads: 512,
  mlpRatio: 64,
  /** Patches of an image, 100 x 100: attention compares each with each. */
  patches: 10_000,
  /** Trained values. */
  parameters: 30_000_000_000,
} as const;
