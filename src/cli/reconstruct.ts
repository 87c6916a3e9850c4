// mixedae reconstruct: what the model of a run makes of given images, as a picture.

import { existsSync } from "node:fs";
import { dirname, extname } from "node:path";
import type { Command } from "commander";
import { printable } from "../terminal/printable.js";
import { groupSize } from "../training/config.js";
import { ProgressLine } from "../training/progress-line.js";
import { readReconstructingConfig } from "../training/run-directory.js";
import { Waiting } from "../training/waiting.js";
import type { CliContext } from "./context.js";
import { UsageError } from "./usage-error.js";

export function addReconstruct(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("reconstruct")
    .summary("draw originals, masked or mixed inputs, and reconstructions")
    .description("Reconstructs images with the newest checkpoint of a run, and draws the result as a PNG sheet.")
    .argument("<run>", "folder that mixedae pretrain made")
    .argument("<images...>", "image files; a mixing method takes them in groups of 1 / mixingRatio")
    .requiredOption("--out <file.png>", "picture to write")
    .addHelpText(
      "after",
      "\nExample:\n  mixedae reconstruct runs/first cat.jpg dog.jpg bird.jpg fish.jpg --out seen.png",
    )
    .action(async (folder: string, images: string[], options: { out: string }) => {
      checkImages(folder, images);
      checkOut(options.out);
      const { reconstruct } = await context.loadTraining();
      const { step, refused } = await new Waiting(new ProgressLine(context.stdout)).during("Reconstructing", () =>
        reconstruct(folder, images, options.out),
      );
      for (const { path, reason } of refused) context.stdout.write(`${printable(`${path} is not used: ${reason}`)}\n`);
      context.stdout.write(`Wrote ${options.out}, with the weights after step ${step}\n`);
      finish(0);
    });
}

function checkImages(folder: string, images: readonly string[]): void {
  const missing = images.filter((path) => !existsSync(path));
  if (missing.length > 0) throw new UsageError(`There is no file ${missing.join(", ")}`);
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
  if (!existsSync(dirname(out))) throw new UsageError(`--out: there is no folder ${dirname(out)}`);
}
