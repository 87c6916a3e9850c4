// mixedae study: several encoders, seeds and evaluations, carried out one after the other, and their report.

import type { Command } from "commander";
import { layerFromAssignments } from "../config/config.js";
import type { Study } from "../study/index.js";
import { Progress } from "../terminal/progress.js";
import { formatCount } from "../terminal/quantities.js";
import { EventDisplay } from "../training/event-display.js";
import { collect } from "./collect.js";
import type { CliContext } from "./context.js";
import { overwriteOption, threadsOption } from "./evaluation-flags.js";
import { shellWord } from "./run-session.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";
import { warnOn } from "./warn.js";

interface StudyFlags {
  readonly out: string;
  readonly list: boolean;
  readonly threads: number;
  readonly set?: readonly string[];
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
    .option("--set <path=value>", "sets a key of every pre-training, over those of the recipe", collect)
    .addOption(threadsOption())
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  mixedae study recipes/fashion.yaml --out studies/fashion",
        "  mixedae study report studies/fashion",
        "  mixedae study recipes/claims-fashion.yaml --out studies/large --set model.preset=base",
      ].join("\n"),
    )
    .action(async (recipe: string, flags: StudyFlags) => {
      const { readStudy } = await import("../study/index.js");
      const study = readStudy(recipe, flags.set === undefined ? [] : [layerFromAssignments(flags.set)]);
      if (flags.list) await listJobs(context, study, flags.out);
      else finish(await carryOut(context, study, flags));
    });
  study
    .command("report <folder>")
    .description("write report.md and its pictures into a study's folder, from the files there")
    .action(async (folder: string) => {
      const { writeStudyReport } = await import("../study/index.js");
      const { page, pictures, finished } = await writeStudyReport(folder);
      const files = `${page} and ${pictures.length} picture${pictures.length === 1 ? "" : "s"}`;
      context.stdout.write(`Wrote ${files} from ${formatCount(finished)} finished jobs.\n`);
    });
  study
    .command("pack <folder>")
    .description("copy the small files that the report is made of, without weights")
    .requiredOption("--out <folder>", "folder for the copy")
    .addOption(overwriteOption())
    .action(async (folder: string, { out, overwrite }: { out: string; overwrite: boolean }) => {
      const { packStudy } = await import("../study/index.js");
      const { jobs } = await packStudy(folder, out, { overwrite });
      context.stdout.write(`Copied ${formatCount(jobs)} jobs to ${out}.\n`);
    });
}

async function listJobs({ stdout }: CliContext, study: Study, out: string): Promise<void> {
  const { finishedJobs, jobsOf } = await import("../study/index.js");
  const folders = jobsOf(study).map(({ folder }) => folder);
  const finished = new Set(finishedJobs(out, folders).map(({ name }) => name));
  for (const folder of folders) {
    stdout.write(`${finished.has(folder) ? "finished" : "open    "}  ${folder}\n`);
  }
}

async function carryOut({ stdout, stderr }: CliContext, study: Study, { out, threads }: StudyFlags): Promise<number> {
  const { runStudy } = await import("../study/index.js");
  const progress = new Progress(stdout);
  const stop = listenForStop(() =>
    progress.print("Stopping as soon as this can be gone on with. Ctrl-C again stops at once."),
  );
  try {
    const { outcome, done, total, failures } = await runStudy(study, out, {
      signal: stop.signal,
      onEvent: new EventDisplay(progress).show,
      threads,
      warn: warnOn({ stderr }),
    });
    progress.end();
    const report = `mixedae study report ${shellWord(out)}`;
    if (outcome === "finished") {
      stdout.write(`Finished all ${formatCount(total)} jobs. To see what came out: ${report}\n`);
      return 0;
    }
    const failed = failures.map((failure) => `  ${failure}\n`).join("");
    if (outcome === "failed") {
      stderr.write(
        `Finished ${formatCount(done)} of ${formatCount(total)} jobs. The others failed, or need what failed:\n` +
          `${failed}Once the cause is mended, call it again.\n`,
      );
      return 1;
    }
    if (failures.length > 0) stderr.write(`Failed:\n${failed}`);
    stdout.write(`Stopped after ${formatCount(done)} of ${formatCount(total)} jobs. To go on, call it again.\n`);
    return exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    progress.end();
    stop.dispose();
  }
}
