// mixedae duplicates: embedded images that are nearly the same.

import type { Command } from "commander";
import { printable, printableJson } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import { checkFeatureFiles, checkSheet, overwriteOption, share, threadsOption } from "./evaluation-flags.js";

interface DuplicatesFlags {
  readonly threshold: number;
  readonly json: boolean;
  readonly sheet?: string;
  readonly overwrite: boolean;
  readonly threads: number;
}

export function addDuplicates(
  program: Command,
  { stdout, stderr }: CliContext,
  finish: (exitCode: number) => void,
): void {
  program
    .command("duplicates")
    .summary("list images that are nearly the same")
    .description(
      "Compares all vectors of FEATURES with each other and lists groups of images that are linked by a cosine " +
        "similarity of the threshold or more, the closest first.",
    )
    .argument("<features.npy>", "file that mixedae embed made")
    .option("--threshold <similarity>", "least similarity of two images that are linked", share, 0.999)
    .option("--json", "print a JSON object per group instead of a table", false)
    .option("--sheet <file.png>", "draw a contact sheet: a row for each of the first 50 groups")
    .addOption(overwriteOption())
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "Which similarity means a duplicate depends on the encoder: look at the first groups, then raise or lower it.",
        "",
        "Examples:",
        "  mixedae duplicates photos.npy --threshold 0.995 --sheet duplicates.png",
        "  mixedae duplicates photos.npy --json > groups.jsonl",
      ].join("\n"),
    )
    .action(async (features: string, { json, ...request }: DuplicatesFlags) => {
      const { threshold, sheet } = request;
      checkFeatureFiles(features);
      if (sheet !== undefined) checkSheet(sheet);
      const { findDuplicates, ImageProgress } = await import("../evaluations/index.js");
      const groups = await findDuplicates({ features, ...request }, new ImageProgress(json ? stderr : stdout));
      for (const { images, similarity } of groups) {
        if (json) stdout.write(`${printableJson({ similarity, images })}\n`);
        else stdout.write(`${similarity.toFixed(5)}  ${images.map(({ name }) => printable(name)).join("  ")}\n`);
      }
      const images = groups.reduce((sum, group) => sum + group.images.length, 0);
      // Whoever reads lines of JSON wants no others.
      const summary = json ? stderr : stdout;
      summary.write(
        groups.length === 0
          ? `No two images have a similarity of ${threshold} or more.\n`
          : `${formatCount(groups.length)} ${groups.length === 1 ? "group" : "groups"} of ${formatCount(images)} images in all.\n`,
      );
      if (sheet !== undefined) {
        summary.write(
          groups.length === 0 ? `There is nothing to draw: ${sheet} was not written.\n` : `Wrote ${sheet}\n`,
        );
      }
      finish(0);
    });
}
