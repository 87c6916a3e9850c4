// Labelled vectors whose classes overlap, so that a classifier has an optimum.

import type { LabelledFeatures } from "#src/heads/linear-probe.js";
import { randomStream } from "#src/random/index.js";

/** A normal cloud around a centre for each class, [count, width]; every channel has a scale and shift of its own. */
export function labelledClouds(count: number, width: number, classes: number, seed: number): LabelledFeatures {
  const centres = randomStream(1, "centres", 0, 0);
  const centre = Array.from({ length: classes * width }, () => centres.normal());
  const stream = randomStream(seed, "clouds", 0, 0);
  const labels = Int32Array.from({ length: count }, (_, row) => row % classes);
  const features = Float32Array.from({ length: count * width }, (_, i) => {
    const channel = i % width;
    const value = 0.8 * centre[labels[Math.floor(i / width)]! * width + channel]! + 1.5 * stream.normal();
    return (channel + 1) * value + 3 * channel;
  });
  return { features, labels };
}
