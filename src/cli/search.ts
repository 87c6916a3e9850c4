// mixedae search: the embedded images that are nearest to given ones.

import type { Command } from "commander";
import { mostNeighbours } from "../heads/limits.js";
import { printable } from "../terminal/printable.js";
import { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import {
  checkFeatureFiles,
  checkSheet,
  countUpTo,
  fromFlag,
  overwriteOption,
  threadsOption,
} from "./evaluation-flags.js";

interface SearchFlags {
  readonly top: number;
  readonly sheet?: string;
  readonly overwrite: boolean;
  readonly from?: string;
  readonly threads: number;
}

export function addSearch(program: Command, { stdout, stderr }: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("search")
    .summary("find the images that are most similar to given ones")
    .description(
      "Embeds the given images with the encoder of FEATURES, compares them with every vector there, " +
        "and lists the nearest by cosine similarity. The search is exact.",
    )
    .argument("<features.npy>", "file that mixedae embed made")
    .argument("<images...>", "image files to look for")
    .option("--top <n>", "how many to find for each image", countUpTo(mostNeighbours), 12)
    .option("--sheet <file.png>", "draw a contact sheet: a row for each image")
    .option(fromFlag, "where the encoder is now, if its run has moved or trained on")
    .addOption(overwriteOption())
    .addOption(threadsOption())
    .addHelpText("after", "\nExample:\n  mixedae search photos.npy cat.jpg --top 5 --sheet like-cat.png")
    .action(async (features: string, queries: string[], flags: SearchFlags) => {
      const { top, sheet, overwrite, from, threads } = flags;
      checkFeatureFiles(features, queries);
      if (sheet !== undefined) checkSheet(sheet);
      const { search } = await import("../evaluations/index.js");
      const request = {
        ...{ features, queries, top, threads, overwrite },
        ...(sheet && { sheet }),
        ...(from && { from }),
        warn: warnOn({ stderr }),
      };
      const results = await new Waiting(new ProgressLine(stderr)).during("Searching", () => search(request));
      for (const { query, matches } of results) {
        stdout.write(`${printable(query)}\n`);
        for (const { similarity, name, class: label } of matches) {
          const shown = `${name}${label === undefined ? "" : `  (${label})`}`;
          stdout.write(`  ${similarity.toFixed(4).padStart(7)}  ${printable(shown)}\n`);
        }
      }
      if (sheet !== undefined) stdout.write(`Wrote ${sheet}\n`);
      finish(0);
    });
}
