// mixedae search: the embedded images that are nearest to given ones.

import { existsSync } from "node:fs";
import { dirname, extname } from "node:path";
import type { Command } from "commander";
import { mostNeighbours } from "../tasks/limits.js";
import type { CliContext } from "./context.js";
import { countUpTo, fromFlag, threadsOption } from "./evaluation-flags.js";
import { UsageError } from "./usage-error.js";

interface SearchFlags {
  readonly top: number;
  readonly sheet?: string;
  readonly from?: string;
  readonly threads: number;
}

export function addSearch(program: Command, { stdout }: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("search")
    .summary("find the images that are most like given ones")
    .description(
      "Embeds the given images with the encoder that FEATURES were made with, compares them with every vector there, " +
        "and lists the nearest by cosine similarity. The search is exact.",
    )
    .argument("<features.npy>", "file that mixedae embed made")
    .argument("<images...>", "image files to look for")
    .option("--top <n>", "how many to find for each image", countUpTo(mostNeighbours), 12)
    .option("--sheet <file.png>", "draw a contact sheet: a row for each image")
    .option(fromFlag, "where the encoder is now, if its run has moved or trained on")
    .addOption(threadsOption())
    .addHelpText("after", "\nExample:\n  mixedae search photos.npy cat.jpg --top 5 --sheet like-cat.png")
    .action(async (features: string, queries: string[], { top, sheet, from, threads }: SearchFlags) => {
      const missing = [features, ...queries].filter((path) => !existsSync(path));
      if (missing.length > 0) throw new UsageError(`There is no file ${missing.join(", ")}`);
      if (sheet !== undefined) checkSheet(sheet);
      const { search } = await import("../evaluation/index.js");
      const results = await search({ features, queries, top, threads, ...(sheet && { sheet }), ...(from && { from }) });
      for (const { query, matches } of results) {
        stdout.write(`${query}\n`);
        for (const { similarity, name, class: label } of matches) {
          stdout.write(`  ${similarity.toFixed(4).padStart(7)}  ${name}${label === undefined ? "" : `  (${label})`}\n`);
        }
      }
      if (sheet !== undefined) stdout.write(`Wrote ${sheet}\n`);
      finish(0);
    });
}

function checkSheet(path: string): void {
  if (extname(path).toLowerCase() !== ".png") {
    throw new UsageError(`--sheet: expected a name that ends in .png; found ${path}`);
  }
  if (!existsSync(dirname(path))) throw new UsageError(`--sheet: there is no folder ${dirname(path)}`);
}
