// Reconstructions of any images by the model of a run, as a picture.
import { readImages } from "../data/index.js";
import { writeAtomically } from "./atomic-write.js";
import type { Refusal } from "./checkpoints.js";
import { openReconstructingRun } from "./reconstructing-run.js";
import { createReconstructor } from "./reconstructor.js";

/**
 * Draws images, a multiple of the method's group, with the newest intact checkpoint of a run into a PNG file. Returns
 * the step of that checkpoint, and why newer ones were not used.
 */
export async function reconstruct(
  folder: string,
  images: readonly string[],
  out: string,
): Promise<{ readonly step: number; readonly refused: readonly Refusal[] }> {
  const { config, weights, step, refused } = await openReconstructingRun(folder);
  const { imageSize, patchSize } = config.model;
  const read = await readImages(images, { imageSize, minimumSize: patchSize, background: config.data.background });
  const pixels = Buffer.concat(read.map(({ pixels }) => pixels));
  const reconstructor = await createReconstructor(config, pixels, weights);
  const caption = `${config.method} after step ${step}`;
  await writeAtomically(out, [await reconstructor.draw(caption)]);
  return { step, refused };
}
