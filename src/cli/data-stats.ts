// mixedae data stats: mean and deviation of a set of images, as pixels are normalised with.

import { type Command, Option } from "commander";
import type { ImageSides } from "../data/image-size.js";
import { formatCount } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import { countUpTo, imageSides, onePath, sizeForm } from "./evaluation-flags.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

interface StatsFlags {
  readonly imageSize: ImageSides;
  readonly channels: number;
  readonly images: number;
  readonly split: "train" | "test";
  readonly json: boolean;
}

const MOST_IMAGES = 10_000_000;

export function addDataStats(data: Command, { stdout, stderr }: CliContext, finish: (exitCode: number) => void): void {
  data
    .command("stats <source...>")
    .description(
      "Measures mean and standard deviation of each channel, of pixels from 0 to 1, over the middle of the " +
        "images. The same images give the same numbers.",
    )
    .option("--image-size <pixels>", `as the model to be trained will have: ${sizeForm}`, imageSides, 224)
    .option("--channels <n>", "channels of the images: 3 for colour, 1 for grey, 4 for transparency", countUpTo(256), 3)
    .option("--images <n>", "images to measure at most, drawn from all", countUpTo(MOST_IMAGES), 2000)
    .addOption(
      new Option("--split <name>", "images of an IDX set that has both").choices(["train", "test"]).default("train"),
    )
    .option("--json", "print the numbers as JSON", false)
    .addHelpText(
      "after",
      [
        "",
        "A run measures its own images by itself: mixedae pretrain SOURCE --out RUN --set data.normalization=measured",
        "",
        "Examples:",
        "  mixedae data stats photos",
        "  mixedae data stats xrays --channels 1 --images 10000 --json",
      ].join("\n"),
    )
    .action(async (sources: readonly string[], { images, imageSize, channels, split, json }: StatsFlags) => {
      const { ImageProgress } = await import("../evaluations/index.js");
      const { describeSkip, measureChannels, openSource } = await import("../data/index.js");
      const { StoppedError } = await import("../training/errors.js");
      // Where the numbers are for a program, all else goes where people look.
      const progress = new ImageProgress(json ? stderr : stdout);
      const stop = listenForStop(() => progress.print("Stopping. Ctrl-C again stops at once."));
      try {
        const source = await openSource(onePath(sources), { split, signal: stop.signal });
        progress.print(source.description);
        const count = Math.min(images, source.count);
        progress.begin("measured", count);
        const measured = await measureChannels(source, {
          imageSize,
          channels,
          images,
          signal: stop.signal,
          onSkip: (skipped) => progress.print(describeSkip(skipped)),
          onProgress: (done) => progress.update(done),
        });
        progress.end();
        const { mean, std, constant } = measured;
        if (json) {
          stdout.write(`${JSON.stringify({ mean, std, images: measured.images, imageSize, channels })}\n`);
        } else {
          for (const channel of constant) {
            stdout.write(`Channel ${channel + 1} is the same everywhere; its deviation is taken as 1.\n`);
          }
          const lists = `"data.mean=[${mean.join(", ")}]" --set "data.std=[${std.join(", ")}]"`;
          stdout.write(
            `mean       ${mean.join(", ")}\ndeviation  ${std.join(", ")}\n` +
              `Measured over ${formatCount(measured.images)} images. To pre-train with these numbers: --set ${lists}\n`,
          );
        }
        finish(0);
      } catch (error) {
        if (!StoppedError.is(error)) throw error;
        progress.end();
        finish(exitCodeOf(stop.received() ?? "SIGINT"));
      } finally {
        progress.end();
        stop.dispose();
      }
    });
}
