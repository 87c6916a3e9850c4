// mixedae duplicates: embedded images that are nearly the same.

import type { Command } from "commander";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import { checkFeatureFiles, share, threadsOption } from "./evaluation-flags.js";

interface DuplicatesFlags {
  readonly threshold: number;
  readonly threads: number;
}

export function addDuplicates(program: Command, { stdout }: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("duplicates")
    .summary("list images that are nearly the same")
    .description(
      "Compares all vectors of FEATURES with each other and lists groups of images that are linked by a cosine " +
        "similarity of the threshold or more, the closest first.",
    )
    .argument("<features.npy>", "file that mixedae embed made")
    .option("--threshold <similarity>", "least similarity of two images that are linked", share, 0.999)
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "Which similarity means a duplicate depends on the encoder: look at the first groups, then raise or lower it.",
        "",
        "Example:",
        "  mixedae duplicates photos.npy --threshold 0.995",
      ].join("\n"),
    )
    .action(async (features: string, { threshold, threads }: DuplicatesFlags) => {
      checkFeatureFiles(features);
      const { findDuplicates, ImageProgress } = await import("../evaluations/index.js");
      const groups = await findDuplicates({ features, threshold, threads }, new ImageProgress(stdout));
      for (const { images, similarity } of groups) {
        stdout.write(`${similarity.toFixed(5)}  ${images.map(({ name }) => printable(name)).join("  ")}\n`);
      }
      const images = groups.reduce((sum, group) => sum + group.images.length, 0);
      stdout.write(
        groups.length === 0
          ? `No two images have a similarity of ${threshold} or more.\n`
          : `${formatCount(groups.length)} groups of ${formatCount(images)} images in all.\n`,
      );
      finish(0);
    });
}
