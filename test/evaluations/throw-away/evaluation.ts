// An evaluation that exists for a test: how bright images are. It is one file, and one line where the registry is.
import { z } from "zod";
import { openSource, readImages } from "#src/data/index.js";
import { frozenEvaluation, percentMeasure } from "#src/evaluations/evaluation.js";
import { openModel } from "#src/evaluations/model.js";
import { heldOutImages } from "#src/evaluations/options.js";

interface BrightnessReport {
  readonly from: string;
  readonly test: { readonly images: number };
  readonly brightness: number;
}

export const brightness = frozenEvaluation({
  name: "brightness",
  task: "brightness",
  trains: false,
  summary: "measure how bright images are",
  description: "Measures the mean of all pixels. The encoder says how large they are.",
  examples: ["--from runs/first --test photos --scale 0.5"],
  needs: "nothing",
  options: z.strictObject({
    ...heldOutImages(10, "decides nothing"),
    scale: z.number().gt(0).max(1).default(1).describe("what the brightness is multiplied by"),
  }),
  recorded: { images: 10 },
  measure: percentMeasure("brightness"),
  checksMemory: false,
  async run({ test, images, scale, ...request }): Promise<BrightnessReport> {
    const model = await openModel(request);
    const source = await openSource(test);
    const indices = Int32Array.from({ length: Math.min(images, source.count) }, (_, index) => index);
    const read = await readImages({ source, indices }, { imageSize: model.shape.imageSize });
    const means = read.map(({ pixels }) => pixels.reduce((sum, value) => sum + value, 0) / (255 * pixels.length));
    return {
      from: model.origin,
      test: { images: means.length },
      brightness: (scale * means.reduce((sum, mean) => sum + mean, 0)) / means.length,
    };
  },
  lines: ({ brightness, test }) => [`${test.images} images, brightness ${(100 * brightness).toFixed(1)}%`],
  result: ({ test, brightness }) => ({ train: { images: 0 }, test, score: brightness }),
});
