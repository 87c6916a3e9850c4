// Reconstructions of any images by the model of a run, as a picture.
import { readImages } from "../data/index.js";
import { writeAtomically } from "../files/atomic-write.js";
import type { Warn } from "./newest-checkpoint.js";
import { prepareOutputs } from "./outputs.js";
import { openReconstructingRun } from "./reconstructing-run.js";
import { createReconstructor } from "./reconstructor.js";

/** How the picture is written. */
export interface ReconstructOptions {
  /** Whether the file may be replaced where it is there already; by default it is refused. */
  readonly overwrite?: boolean | undefined;
  /** Called where the newest checkpoint is damaged and an older one is taken; by default Node prints a warning. */
  readonly warn?: Warn | undefined;
}

/**
 * Draws images, a multiple of the method's group, with the newest intact checkpoint of a run into a PNG file. Returns
 * the step of that checkpoint. Throws OutputError where the file is there already, is one of the images, or would become
 * an image of the set that the run learns from.
 */
export async function reconstruct(
  folder: string,
  images: readonly string[],
  out: string,
  { overwrite, warn }: ReconstructOptions = {},
): Promise<{ readonly step: number }> {
  const { config, task, weights, step } = await openReconstructingRun(folder, warn);
  await prepareOutputs([out], { overwrite, inputs: images, sources: [config.source, config.evaluation.source] });
  const { imageSize, patchSize } = config.model;
  const read = await readImages(images, { imageSize, minimumSize: patchSize, background: config.data.background });
  const pixels = Buffer.concat(read.map(({ pixels }) => pixels));
  const reconstructor = await createReconstructor(config, task, pixels, weights);
  const caption = `${config.method} after step ${step}`;
  await writeAtomically(out, [await reconstructor.draw(caption)]);
  return { step };
}
