// mixedae classify: labels for images, with probabilities.

import type { Command } from "commander";
import { describeSkip } from "../data/skip-log.js";
import type { ClassifiedImage } from "../evaluations/finetune/classify.js";
import { printable, printableJson } from "../terminal/printable.js";
import { ProgressLine } from "../terminal/progress-line.js";
import { Waiting } from "../terminal/waiting.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { checkFiles, countUpTo, threadsOption } from "./evaluation-flags.js";

interface ClassifyFlags {
  readonly top: number;
  readonly json: boolean;
  readonly threads: number;
}

export function addClassify(
  program: Command,
  { stdout, stderr }: CliContext,
  finish: (exitCode: number) => void,
): void {
  program
    .command("classify")
    .summary("label images with a fine-tuned encoder")
    .description("Prints the most likely classes of images, with their probabilities.")
    .argument("<run>", "folder of a run of mixedae finetune, or one of its checkpoints")
    .argument("<image...>", "image files")
    .option("--top <n>", "classes to print for each image", countUpTo(100_000), 3)
    .option("--json", "one JSON object per line instead of a table", false)
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "An image that cannot be read is named on the error output, and the exit code is then 1.",
        "",
        "Examples:",
        "  mixedae classify runs/flowers garden/*.jpg",
        "  mixedae classify runs/flowers garden/*.jpg --top 1 --json > labels.jsonl",
      ].join("\n"),
    )
    .action(async (run: string, images: string[], { top, json, threads }: ClassifyFlags) => {
      checkFiles(images);
      const { classify } = await import("../evaluations/index.js");
      const warn = warnOn({ stderr });
      const result = await new Waiting(new ProgressLine(stderr)).during("Classifying", () =>
        classify({ classifier: run, images, top, threads, warn }),
      );
      const width = Math.max(...result.images.map(({ image }) => printable(image).length), 0);
      for (const each of result.images) {
        stdout.write(`${json ? printableJson(each) : tableLine(each, width)}\n`);
      }
      for (const each of result.skipped) stderr.write(`${describeSkip(each)}\n`);
      finish(result.skipped.length > 0 ? 1 : 0);
    });
}

function tableLine({ image, classes }: ClassifiedImage, width: number): string {
  const cells = classes.map(({ name, probability }) => `${printable(name)} ${(100 * probability).toFixed(1)}%`);
  return `${printable(image).padEnd(width)}  ${cells.join("  ")}`;
}
