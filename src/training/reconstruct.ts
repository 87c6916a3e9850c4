// Reconstructions of any images by the model of a run, as a picture.
import { readImages } from "../data/index.js";
import { writeAtomically } from "./atomic-write.js";
import { CheckpointStore, type Refusal } from "./checkpoints.js";
import { RunDirectoryError } from "./errors.js";
import { methodOf, modelOf } from "./model.js";
import { tensorOf } from "./model-state.js";
import { createReconstructor } from "./reconstructor.js";
import { readReconstructingConfig, runPaths } from "./run-directory.js";

/**
 * Draws images, a multiple of the method's group, with the newest intact checkpoint of a run into a PNG file. Returns
 * the step of that checkpoint, and why newer ones were not used.
 */
export async function reconstruct(
  folder: string,
  images: readonly string[],
  out: string,
): Promise<{ readonly step: number; readonly refused: readonly Refusal[] }> {
  const config = readReconstructingConfig(folder);
  const { imageSize, patchSize } = config.model;
  const { checkpoint, refused } = await new CheckpointStore(runPaths(folder).checkpoints, config.run).loadNewest();
  if (checkpoint === null) {
    throw new RunDirectoryError(`${folder} has no checkpoint yet. Let it train on: mixedae resume ${folder}`);
  }
  const read = await readImages(images, { imageSize, minimumSize: patchSize, background: config.data.background });
  const { parameters } = modelOf(config, methodOf(config), images.length);
  const weights = Object.fromEntries(
    parameters.map(({ name, tensor }) => [name, tensorOf(checkpoint, name, tensor.shape)]),
  );
  const pixels = Buffer.concat(read.map(({ pixels }) => pixels));
  const reconstructor = await createReconstructor(config, pixels, weights);
  const caption = `${config.method} after step ${checkpoint.step}`;
  await writeAtomically(out, [await reconstructor.draw(caption)]);
  return { step: checkpoint.step, refused };
}
