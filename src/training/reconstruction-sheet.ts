// Picture sheets of what a model makes of images: original, what the encoder saw, and what it filled in.
import { renderSheet } from "../pictures/sheet.js";
import { type ReconstructionValues, reconstructedImages } from "./reconstruction-images.js";

export interface Reconstructions extends ReconstructionValues {
  /** [groups, planColumns]. */
  readonly plan: Int32Array;
  readonly caption: string;
  /** Of the images, to be written below them. */
  readonly names?: readonly string[] | undefined;
}

/** One row for each image, as a PNG file. */
export async function reconstructionSheet(values: Reconstructions): Promise<Uint8Array> {
  const { task, caption, names } = values;
  const rows = reconstructedImages(values).map(({ original, input, reconstruction }, image) => [
    { ...original, labels: names && [names[image]!] },
    input,
    reconstruction,
  ]);
  const shown = task.groupSize > 1 ? "mixed input" : "masked input";
  return renderSheet({ titles: ["original", shown, "reconstruction"], rows, caption });
}
