// mixedae embed: feature vectors of all images of a source.

import { type Command, Option } from "commander";
import { poolingMeta, poolingOption } from "../evaluations/options.js";
import type { Pooling } from "../heads/features.js";
import { oneProcess } from "../processes/communicator.js";
import { Progress } from "../terminal/progress.js";
import { formatCount, formatDuration, formatRate } from "../terminal/quantities.js";
import { StoppedError } from "../training/errors.js";
import { EventDisplay } from "../training/event-display.js";
import type { CliContext } from "./context.js";
import {
  addModelFlags,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  onePath,
  threadsOption,
} from "./evaluation-flags.js";
import { optionFlag } from "./option-flags.js";
import { UsageError } from "./report-error.js";
import { shellWord } from "./run-session.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

const poolMeta = {
  ...poolingMeta,
  description: `${poolingMeta.description} (default: mean; of a fine-tuned run what its head sees)`,
};

interface EmbedFlags extends ModelFlags {
  readonly out: string;
  readonly pool?: Pooling;
  readonly split: "train" | "test";
  readonly threads: number;
}

export function addEmbed(
  program: Command,
  { stdout, stderr, processes }: CliContext,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command("embed")
    .summary("compute feature vectors of images")
    .description(
      "Writes a vector for each image: float32 rows in FILE.npy, names and labels in the same order in FILE.jsonl, " +
        "and where they are from in FILE.json. Nothing is masked or mixed, and an image's vector depends on its pixels " +
        "alone. After a kill, the same command continues where it was.",
    )
    .argument("<source...>", "folders of images, image files, .tar shards, or a folder of IDX files")
    .requiredOption(fromFlag, fromHelp)
    .requiredOption("--out <file.npy>", "file to write")
    .addOption(optionFlag("pooling", poolingOption.optional().meta(poolMeta)))
    .addOption(
      new Option("--split <name>", "images of an IDX set that has both").choices(["train", "test"]).default("train"),
    )
    .addOption(threadsOption());
  addModelFlags(command)
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  mixedae embed photos --from runs/first --out photos.npy",
        "  mixedae embed photos --from runs/flowers --out flowers.npy   (a run of mixedae finetune)",
        "  mixedae embed photos --from runs/first/checkpoints/step-00002000.safetensors --pool cls --out photos.npy",
      ].join("\n"),
    )
    .action(async (sources: string[], flags: EmbedFlags) => {
      if (!flags.out.endsWith(".npy"))
        throw new UsageError(`--out: expected a name that ends in .npy; found ${flags.out}`);
      const { embed } = await import("../evaluations/index.js");
      const progress = new Progress(stdout);
      const { communicator = oneProcess } = processes ?? {};
      const stop = listenForStop(
        () => progress.print("Stopping after this batch. Ctrl-C again stops at once."),
        communicator.size > 1,
      );
      try {
        const { out, pool: pooling, split, threads } = flags;
        const source = onePath(sources);
        const summary = await embed(
          { ...modelRequest(flags, { stderr }), source, out, pooling, split, threads },
          { signal: stop.signal, onEvent: new EventDisplay(progress).show, communicator },
        );
        const { count, width, skipped, images, seconds, waitSeconds } = summary;
        const pace = `${formatRate(images / seconds)} images/s, ${Math.round((100 * waitSeconds) / seconds)}% of the time waiting for images`;
        if (summary.outcome === "already finished")
          stdout.write(`${out} exists already, with the same images and encoder.\n`);
        else if (summary.outcome === "stopped") {
          stdout.write(`Stopped after ${formatCount(count)} images. To continue, run the same command again.\n`);
        } else {
          const without = skipped > 0 ? `, ${formatCount(skipped)} skipped` : "";
          stdout.write(
            `Embedded ${formatCount(count)} images as vectors of ${width} in ${formatDuration(seconds)}${without}; ${pace}.\n`,
          );
          stdout.write(`  features    ${out}\n  names       ${out.replace(/\.npy$/, ".jsonl")}\n`);
          stdout.write(`To find images like another one: mixedae search ${shellWord(out)} IMAGE\n`);
        }
        finish(summary.outcome === "stopped" ? exitCodeOf(stop.received() ?? "SIGINT") : 0);
      } catch (error) {
        if (!StoppedError.is(error)) throw error;
        processes?.fail(error);
        stdout.write("Stopped: there was nothing to save. To continue, run the same command again.\n");
        finish(exitCodeOf(stop.received() ?? "SIGINT"));
      } finally {
        progress.end();
        stop.dispose();
      }
    });
}
