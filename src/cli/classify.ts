// mixedae classify: labels for images, with probabilities.

import { extname } from "node:path";
import { type Command, Option } from "commander";
import type { Classification, ClassifiedBatch } from "../evaluations/finetune/classify.js";
import { printable, printableJson } from "../terminal/printable.js";
import { Progress } from "../terminal/progress.js";
import { formatCount } from "../terminal/quantities.js";
import { StoppedError } from "../training/errors.js";
import { EventDisplay } from "../training/event-display.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { countUpTo, overwriteOption, threadsOption } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

interface ClassifyFlags {
  readonly top: number;
  readonly json: boolean;
  readonly out?: string;
  readonly overwrite: boolean;
  readonly threads: number;
}

export function addClassify(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("classify")
    .summary("label images with a fine-tuned encoder")
    .description("Prints the most likely classes of images with their probabilities, or writes those of all classes.")
    .argument("<run>", "folder of a run of mixedae finetune, or one of its checkpoints")
    .argument("<image...>", "image files, folders of them (with all below), or patterns such as 'photos/**/*.jpg'")
    .option("--top <n>", "classes to print for each image", countUpTo(100_000), 3)
    .addOption(new Option("--json", "print a JSON object per line instead of a table").default(false).conflicts("out"))
    .option("--out <file>", "write the probabilities of all classes to a .csv or .json file instead of printing")
    .addOption(overwriteOption())
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "An image that cannot be read is named on the error output. The exit code is then 1 if it was given by its own",
        "path, or if no image could be read; one that was found in a folder or by a pattern is passed over.",
        "",
        "Examples:",
        "  mixedae classify runs/flowers garden",
        "  mixedae classify runs/flowers garden --out garden.csv",
        "  mixedae classify runs/flowers 'garden/**/*.{jpg,png}' --top 1 --json > labels.jsonl",
      ].join("\n"),
    )
    .action(async (run: string, images: string[], flags: ClassifyFlags) => {
      if (flags.out !== undefined) checkOut(flags.out);
      const { stdout, stderr } = context;
      const progress = new Progress(stderr);
      const display = new EventDisplay(progress);
      // On a terminal, the table itself shows how far it is.
      const tableIsProgress = flags.out === undefined && stdout.isTTY === true;
      const stop = listenForStop(() => progress.print("Stopping."));
      try {
        const { openClassification } = await import("../evaluations/index.js");
        const classification = await openClassification(
          { classifier: run, images, threads: flags.threads, warn: warnOn(context) },
          {
            signal: stop.signal,
            onEvent: (event) => {
              if (event.type !== "images") display.show(event);
              else if (!tableIsProgress) display.show({ ...event, isPassing: flags.out === undefined });
            },
          },
        );
        finish(await output(classification, flags, context, progress));
      } catch (error) {
        if (!StoppedError.is(error)) throw error;
        if (flags.out !== undefined) progress.print(`Stopped: ${flags.out} was not written.`);
        finish(exitCodeOf(stop.received() ?? "SIGINT"));
      } finally {
        progress.end();
        stop.dispose();
      }
    });
}

/** Prints or writes everything; returns the exit code. */
async function output(
  classification: Classification,
  { top, json, out, overwrite }: ClassifyFlags,
  { stdout }: CliContext,
  progress: Progress,
): Promise<number> {
  const { likeliest, writeClassified } = await import("../evaluations/index.js");
  const { classes, paths, isNamed } = classification;
  const counts = new Map<string, number>();
  let [done, failed] = [0, 0];
  const count = ({ images, skipped }: ClassifiedBatch) => {
    for (const { probabilities } of images) {
      const { name } = likeliest(probabilities, classes, 1)[0]!;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    done += images.length;
    failed += skipped.filter(({ index }) => isNamed(index)).length;
  };
  if (out === undefined) {
    const line = json ? jsonLine : tableLine(paths, classes);
    for await (const batch of classification.batches()) {
      for (const { image, probabilities } of batch.images) {
        stdout.write(`${line(image, likeliest(probabilities, classes, top))}\n`);
      }
      count(batch);
    }
  } else {
    await writeClassified(out, classification, { overwrite, onBatch: count });
    progress.end();
    const found = [...counts].sort(([, a], [, b]) => b - a).slice(0, SUMMARISED);
    const others = counts.size > found.length ? `, and ${counts.size - found.length} other classes` : "";
    const listed = found.map(([name, images]) => `${printable(name)} ${formatCount(images)}`).join(", ");
    stdout.write(`Classified ${formatCount(done)} images${done === 0 ? "" : `: ${listed}${others}`}\nWrote ${out}\n`);
  }
  return failed > 0 || done === 0 ? 1 : 0;
}

/** Classes that the summary names. */
const SUMMARISED = 10;
/** Columns that a column of the table takes at most: whatever is longer sticks out. */
const WIDEST_PATH = 60;
const WIDEST_CLASS = 24;

type Classes = ReturnType<typeof import("../evaluations/index.js").likeliest>;

function jsonLine(image: string, classes: Classes): string {
  return printableJson({ image, classes });
}

function tableLine(paths: readonly string[], names: readonly string[]) {
  const widest = (texts: readonly string[], most: number) =>
    texts.reduce((width, text) => Math.min(most, Math.max(width, printable(text).length)), 0);
  const [pathWidth, classWidth] = [widest(paths, WIDEST_PATH), widest(names, WIDEST_CLASS)];
  return (image: string, classes: Classes) => {
    const cells = classes.map(
      ({ name, probability }) =>
        `${printable(name).padEnd(classWidth)} ${`${(100 * probability).toFixed(1)}%`.padStart(6)}`,
    );
    return `${printable(image).padEnd(pathWidth)}  ${cells.join("  ")}`;
  };
}

function checkOut(out: string): void {
  if (![".csv", ".json"].includes(extname(out).toLowerCase())) {
    throw new UsageError(`--out: expected a name that ends in .csv or .json; found ${out}`);
  }
}
