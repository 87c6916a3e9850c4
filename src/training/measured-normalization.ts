// Mean and deviation of a run's own images, where its configuration asks for them in place of numbers.

import type { PretrainConfig } from "../config/config.js";
import { type ImageSource, measureChannels } from "../data/index.js";
import { channelsOf } from "../nn/presets.js";
import { formatCount } from "../terminal/quantities.js";
import type { RunEvents } from "./run-events.js";

/**
 * The section `data` with the numbers that were measured in the place of the wish for them; undefined where there is no
 * such wish. They depend on the images and the model's image size, patch size and channels alone.
 */
export async function measureData(
  { model, data }: PretrainConfig,
  source: ImageSource,
  events: RunEvents,
): Promise<PretrainConfig["data"] | undefined> {
  const { normalization, ...others } = data;
  if (normalization === undefined) return undefined;
  const measured = await events.during("Measuring mean and deviation", (onProgress) =>
    measureChannels(source, {
      imageSize: model.imageSize,
      channels: channelsOf(model),
      minimumSize: model.patchSize,
      background: data.background,
      ...(data.workers > 0 && { workers: data.workers }),
      ...(events.signal && { signal: events.signal }),
      onSkip: (skipped) => events.emit({ type: "skipped", ...skipped }),
      onProgress,
    }),
  );
  const { mean, std, constant, images } = measured;
  events.note(`Measured over ${formatCount(images)} images: mean ${mean.join(", ")}; deviation ${std.join(", ")}`);
  for (const channel of constant) {
    events.warn(`Channel ${channel + 1} is the same in all of these images, so nothing can be learnt from it.`);
  }
  return { ...others, mean: [...mean], std: [...std] };
}
