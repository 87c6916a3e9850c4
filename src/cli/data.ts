// mixedae data: making and measuring sets of images.

import { type Command, InvalidArgumentError } from "commander";
import { printable } from "../terminal/printable.js";
import { formatCount } from "../terminal/quantities.js";
import { StoppedError } from "../training/errors.js";
import type { CliContext } from "./context.js";
import { addDataStats } from "./data-stats.js";
import { countUpTo, wholeNumber } from "./evaluation-flags.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

/** Their annotations are one file, and in memory at once. */
const MOST_SCENES = 1_000_000;

interface ComposeFlags {
  readonly out: string;
  readonly labels?: string;
  readonly count: number;
  readonly testCount: number;
  readonly imageSize: number;
  readonly objects: readonly [number, number];
  readonly seed: number;
}

export function addData(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const { stdout } = context;
  const data = program
    .command("data")
    .summary("make and measure sets of images")
    .description("Makes and measures sets of images.");
  addDataStats(data, context, finish);
  data
    .command("compose <cutouts>")
    .description(
      "Composes scenes of several objects from images with transparency, over varied backgrounds, with exact masks " +
        "and boxes in ADE20K's and COCO's layouts. Training and validation scenes show different cut-outs.",
    )
    .requiredOption("--out <folder>", "folder for the set")
    .option("--labels <file.json>", "names the class of each image; without it, sub-folders are the classes")
    .option("--count <n>", "scenes to train on", countUpTo(MOST_SCENES), 10_000)
    .option("--test-count <n>", "scenes to test on", countUpTo(MOST_SCENES), 2_000)
    .option("--image-size <pixels>", "height and width of a scene", imageSize, 64)
    .option("--objects <min-max>", "objects per scene", range, [1, 4] as const)
    .option("--seed <n>", "seed of everything that is drawn", wholeNumber, 0)
    .addHelpText(
      "after",
      [
        "",
        "The file of --labels maps file names to classes, or is a list of objects with image and category.",
        "Run again after a stop, it continues where it was.",
        "",
        "Examples:",
        "  mixedae data compose stickers --out scenes",
        "  mixedae data compose node_modules/emoji-datasource-google/img/google/64 \\",
        "    --labels node_modules/emoji-datasource-google/emoji.json --out scenes",
        "  mixedae pretrain scenes/images/training --out runs/scenes --image-size 64 --patch-size 8",
      ].join("\n"),
    )
    .action(async (cutouts: string, flags: ComposeFlags) => {
      const { ImageProgress } = await import("../evaluations/index.js");
      const { composeScenes } = await import("../scenes/compose.js");
      const { out, labels, count, testCount, imageSize, objects, seed } = flags;
      const progress = new ImageProgress(stdout);
      const stop = listenForStop(() =>
        progress.print("Stopping after the current scenes. Ctrl-C again stops at once."),
      );
      try {
        const summary = await composeScenes(
          {
            cutouts,
            out,
            seed,
            imageSize,
            objects,
            counts: { training: count, validation: testCount },
            ...(labels !== undefined && { labels }),
          },
          { progress, stopRequested: () => stop.received() !== undefined, signal: stop.signal },
        );
        const { outcome, classes, scenes, objects: drawn, cutouts: used, skipped } = summary;
        if (skipped.length > 0) {
          const [first] = skipped;
          stdout.write(
            `Left out ${formatCount(skipped.length)} images, such as ${printable(first!.name)}: ${printable(first!.reason)}.\n`,
          );
        }
        if (outcome === "stopped") {
          stdout.write(`Stopped after ${formatCount(scenes)} scenes. To continue, run the command again.\n`);
          finish(exitCodeOf(stop.received() ?? "SIGINT"));
          return;
        }
        stdout.write(
          `${formatCount(scenes)} scenes with ${formatCount(drawn)} objects of ${classes.length} classes, from ` +
            `${formatCount(used.training)} cut-outs for training and ${formatCount(used.validation)} others for validation.\n` +
            `Look at ${out}/contact-sheet.png\n`,
        );
        finish(0);
      } catch (error) {
        if (!StoppedError.is(error)) throw error;
        stdout.write("Stopped before the first scene. To continue, run the command again.\n");
        finish(exitCodeOf(stop.received() ?? "SIGINT"));
      } finally {
        stop.dispose();
      }
    });
}

function imageSize(text: string): number {
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size < 16 || size > 2048) throw new InvalidArgumentError("Expected a number of pixels from 16 to 2048.");
  return size;
}

function range(text: string): readonly [number, number] {
  const match = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(text);
  const [low, high] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || low < 1 || high < low) throw new InvalidArgumentError("Expected a range such as 1-4.");
  return [low, high];
}
