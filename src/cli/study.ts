// mixedae study: several encoders, seeds and evaluations, run one after the other, and their report.

import type { Command } from "commander";
import { layerFromAssignments } from "../config/config.js";
import type { Study } from "../study/index.js";
import { Progress } from "../terminal/progress.js";
import { formatCount } from "../terminal/quantities.js";
import { EventDisplay } from "../training/event-display.js";
import { collect } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { warnOn } from "./context.js";
import { overwriteOption, threadsOption } from "./evaluation-flags.js";
import { shellWord } from "./run-session.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

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
      "Runs a study: pre-trainings and evaluations for every variant and seed of a recipe, one after the other. " +
        "Finished jobs are never repeated: run it again after a stop, a crash, or a change of the recipe. At the end, " +
        "report.md is written.",
    );
  study
    .command("run <recipe>", { isDefault: true })
    .description("run a recipe (the same as mixedae study RECIPE --out FOLDER)")
    .requiredOption("--out <folder>", "folder of the study; created if it does not exist")
    .option("--list", "only list the jobs: their folders, and which are finished", false)
    .option("--set <path=value>", "sets a key of every pre-training; overrides the recipe", collect)
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
    .description("write report.md and its pictures again, from the files in a study's folder, finished or not")
    .action(async (folder: string) => {
      const { writeStudyReport } = await import("../study/index.js");
      const { page, pictures, finished } = await writeStudyReport(folder);
      const files = `${page} and ${pictures.length} picture${pictures.length === 1 ? "" : "s"}`;
      context.stdout.write(`Wrote ${files} from ${formatCount(finished)} finished jobs.\n`);
    });
  study
    .command("pack <folder>")
    .description("write the report and the results that it is made of into another folder, without weights")
    .requiredOption("--out <folder>", "folder for the pack")
    .addOption(overwriteOption())
    .action(async (folder: string, { out, overwrite }: { out: string; overwrite: boolean }) => {
      const { packStudy } = await import("../study/index.js");
      const { jobs, files } = await packStudy(folder, out, { overwrite });
      context.stdout.write(`Packed ${formatCount(jobs)} finished jobs into ${files.length} files in ${out}.\n`);
    });
}

async function listJobs({ stdout }: CliContext, study: Study, out: string): Promise<void> {
  const { finishedRecords, jobsOf, readPackedResults } = await import("../study/index.js");
  const jobs = jobsOf(study);
  const finished = finishedRecords(jobs, out, readPackedResults(out));
  for (const { folder } of jobs) {
    stdout.write(`${finished.has(folder) ? "finished" : "open    "}  ${folder}\n`);
  }
}

async function carryOut({ stdout, stderr }: CliContext, study: Study, { out, threads }: StudyFlags): Promise<number> {
  const { runStudy } = await import("../study/index.js");
  const progress = new Progress(stdout);
  const stop = listenForStop(() =>
    progress.print("Stopping as soon as the job can be resumed. Ctrl-C again stops at once."),
  );
  try {
    const { outcome, done, total, failures, report } = await runStudy(study, out, {
      signal: stop.signal,
      onEvent: new EventDisplay(progress).show,
      threads,
      warn: warnOn({ stderr }),
    });
    progress.end();
    if (outcome === "finished") {
      stdout.write(`Finished all ${formatCount(total)} jobs.\n  report  ${report}\n`);
      return 0;
    }
    const failed = failures.map((failure) => `  ${failure}\n`).join("");
    if (outcome === "failed") {
      stderr.write(
        `Finished ${formatCount(done)} of ${formatCount(total)} jobs. The others failed, or depend on a job that failed:\n` +
          `${failed}Fix the cause, then run the command again.\n`,
      );
      stdout.write(`  report so far  ${report}\n`);
      return 1;
    }
    if (failures.length > 0) stderr.write(`Failed:\n${failed}`);
    stdout.write(
      `Stopped after ${formatCount(done)} of ${formatCount(total)} jobs. To continue, run the command again; ` +
        `for a report of what is finished: mixedae study report ${shellWord(out)}\n`,
    );
    return exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    progress.end();
    stop.dispose();
  }
}
