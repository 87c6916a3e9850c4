// mixedae reconstruct: what the model of a run makes of given images, as a picture.

import { extname } from "node:path";
import type { Command } from "commander";
import { groupSize } from "../config/config.js";
import { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";
import { readReconstructingConfig } from "../training/run-config.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { checkFiles, overwriteOption } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";

export function addReconstruct(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("reconstruct")
    .summary("draw originals, masked or mixed inputs, and reconstructions")
    .description("Reconstructs images with the newest checkpoint of a run, and draws the result as a PNG sheet.")
    .argument("<run>", "folder that mixedae pretrain made")
    .argument("<images...>", "image files; a mixing method takes them in groups of 1 / mixingRatio")
    .requiredOption("--out <file.png>", "picture to write")
    .addOption(overwriteOption())
    .addHelpText(
      "after",
      "\nExample:\n  mixedae reconstruct runs/first cat.jpg dog.jpg bird.jpg fish.jpg --out seen.png",
    )
    .action(async (folder: string, images: string[], { out, overwrite }: { out: string; overwrite: boolean }) => {
      checkImages(folder, images);
      checkOut(out);
      const { reconstruct } = await context.loadTraining();
      const { step } = await new Waiting(new ProgressLine(context.stdout)).during("Reconstructing", () =>
        reconstruct(folder, images, out, { overwrite, warn: warnOn(context) }),
      );
      context.stdout.write(`Wrote ${out}, with the weights after step ${step}\n`);
      finish(0);
    });
}

function checkImages(folder: string, images: readonly string[]): void {
  checkFiles(images);
  const config = readReconstructingConfig(folder);
  const group = groupSize(config);
  if (images.length % group !== 0) {
    throw new UsageError(
      `The run's method ${config.method} mixes images in groups of ${group}: ` +
        `expected a multiple of ${group} images; found ${images.length}`,
    );
  }
}

function checkOut(out: string): void {
  if (extname(out).toLowerCase() !== ".png")
    throw new UsageError(`--out: expected a name that ends in .png; found ${out}`);
}
