// What the metrics mean that every training has, whatever it trains; those of a method are in the method.

/** By the names that metrics.jsonl has for them. */
export const loopMetrics: Readonly<Record<string, string>> = {
  loss: "the training loss, which the optimizer lowers",
  epoch: "complete passes over the images before this step",
  lr: "learning rate of this step",
  gradientNorm: "global norm of the gradient before clipping",
  imagesPerSecond: "clean images per second, in this step",
  stepSeconds: "duration of the step, including the wait for its images",
  dataWaitSeconds: "duration of the wait for its images",
  knnTop1: "share of labelled images that kNN with 20 neighbours classifies correctly, by the mean of the patches",
  knnTop1Cls: "the same by the CLS token",
  segmentation: "cross-entropy of the pixels' classes",
  auxiliary: "the same of the auxiliary head",
  pixelAccuracy: "share of the labelled pixels that are classified correctly",
};
