// mixedae study: several encoders, seeds and evaluations, carried out one after the other, and their report.

import type { Command } from "commander";
import { Progress } from "../training/progress.js";
import { formatCount } from "../training/quantities.js";
import type { CliContext } from "./context.js";
import { positiveNumber, threadsOption } from "./evaluation-flags.js";
import { shellWord } from "./run-session.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

interface StudyFlags {
  readonly out: string;
  readonly list: boolean;
  readonly threads: number;
}

export function addStudy(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const study = program
    .command("study")
    .summary("compare methods over seeds, and report it")
    .description(
      "Carries out a study: pre-trainings and evaluations for every variant and seed of a recipe, one after the other. " +
        "What is finished is never done again: call it again after a stop, a crash, or a change of the recipe.",
    );
  study
    .command("run <recipe>", { isDefault: true })
    .description("carry out a recipe (this is what mixedae study RECIPE --out FOLDER does)")
    .requiredOption("--out <folder>", "folder of the study; made if it is not there")
    .option("--list", "only list the jobs, with their folders, and which are finished", false)
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  mixedae study recipes/fashion.yaml --out studies/fashion",
        "  mixedae study report studies/fashion",
      ].join("\n"),
    )
    .action(async (recipe: string, { out, list, threads }: StudyFlags) => {
      if (list) await listJobs(context, recipe, out);
      else finish(await carryOut(context, recipe, out, threads));
    });
  study
    .command("report <folder>")
    .description("write report.md and its pictures into a study's folder, from the files there")
    .action(async (folder: string) => {
      const { writeStudyReport } = await import("../study/index.js");
      const { page, pictures, finished } = await writeStudyReport(folder);
      const files = `${page} and ${pictures.length} pictures`;
      context.stdout.write(`Wrote ${files} from ${formatCount(finished)} finished jobs.\n`);
    });
  study
    .command("pack <folder>")
    .description("copy the small files that the report is made of, without weights")
    .requiredOption("--out <folder>", "folder for the copy")
    .option("--keep-every <n>", "of the metrics, keep one line in so many", positiveNumber, 20)
    .action(async (folder: string, { out, keepEvery }: { out: string; keepEvery: number }) => {
      const { packStudy } = await import("../study/index.js");
      const { jobs } = await packStudy(folder, out, keepEvery);
      context.stdout.write(`Copied ${formatCount(jobs)} jobs to ${out}.\n`);
    });
}

async function listJobs({ stdout }: CliContext, recipe: string, out: string): Promise<void> {
  const { finishedFolders, jobsOf, readStudy } = await import("../study/index.js");
  const finished = await finishedFolders(out);
  for (const { folder } of jobsOf(readStudy(recipe))) {
    stdout.write(`${finished.has(folder) ? "finished" : "open    "}  ${folder}\n`);
  }
}

async function carryOut({ stdout }: CliContext, recipe: string, out: string, threads: number): Promise<number> {
  const { ImageProgress } = await import("../evaluation/index.js");
  const { readStudy, runStudy } = await import("../study/index.js");
  const progress = new Progress(stdout);
  const stop = listenForStop(() => progress.print("Stopping as soon as this can be gone on with."));
  try {
    const { outcome, done, total } = await runStudy(readStudy(recipe), out, {
      print: (line) => progress.print(line),
      progress,
      testProgress: new ImageProgress(stdout),
      stopRequested: () => stop.received() !== undefined,
      threads,
    });
    progress.end();
    const report = `mixedae study report ${shellWord(out)}`;
    if (outcome === "finished") {
      stdout.write(`Finished all ${formatCount(total)} jobs. To see what came out: ${report}\n`);
      return 0;
    }
    stdout.write(`Stopped after ${formatCount(done)} of ${formatCount(total)} jobs. To go on, call it again.\n`);
    return exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    progress.end();
    stop.dispose();
  }
}
