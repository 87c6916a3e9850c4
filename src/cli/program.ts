// The command line as a whole: which commands there are, and how each ends.

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { storageError } from "../files/storage.js";
import { addClassify } from "./classify.js";
import type { CliContext } from "./context.js";
import { addDashboard } from "./dashboard.js";
import { addData } from "./data.js";
import { addDetect } from "./detect.js";
import { addDoctor } from "./doctor.js";
import { addDuplicates } from "./duplicates.js";
import { addEmbed } from "./embed.js";
import { addEvaluate, addShortName } from "./evaluate.js";
import { addExport } from "./export.js";
import { addFinetune } from "./finetune.js";
import { helpWidth, writeHelp } from "./help-output.js";
import { addImport } from "./import.js";
import { addPretrain } from "./pretrain.js";
import { LaunchedProcesses } from "./processes.js";
import { addReconstruct } from "./reconstruct.js";
import { reportError } from "./report-error.js";
import { addResume } from "./resume.js";
import { addSearch } from "./search.js";
import { addSegment } from "./segment.js";
import { addStudy } from "./study.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/**
 * Commands whose result lies in files: it is no worse where what they print cannot be written. Of all others what they
 * print is the result.
 */
const writesFiles: ReadonlySet<string> = new Set([
  "pretrain",
  "resume",
  "reconstruct",
  "embed",
  "finetune",
  "import",
  "export",
  "compose",
  "run",
  "report",
  "pack",
]);

/** Carries out one command line (without the program's name); returns the exit code, and throws nothing. */
export async function runCli(args: readonly string[], given: CliContext): Promise<number> {
  const processes = new LaunchedProcesses(given.environment ?? {});
  const context: CliContext = { ...given, processes };
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = new Command("mixedae")
    .description("Self-supervised pre-training of vision transformers: MixedAE, MAE, SimMIM, iBOT and DINO.")
    .version(version, "-V, --version", "print the version")
    .configureOutput({
      writeOut: (text) => writeHelp(text, context.stdout),
      writeErr: (text) => writeHelp(text, context.stderr),
      getOutHelpWidth: () => helpWidth(context.stdout),
      getErrHelpWidth: () => helpWidth(context.stderr),
    })
    .showHelpAfterError("(add --help for what is possible)")
    .exitOverride()
    .addHelpText(
      "after",
      [
        "",
        "Start here:",
        "  mixedae doctor                            what this machine has and lacks",
        "  mixedae pretrain photos --out runs/first  learn from a folder of images",
        "  mixedae pretrain --help                   every flag and key, with defaults and examples",
      ].join("\n"),
    );
  addPretrain(program, context, finish);
  addResume(program, context, finish);
  addReconstruct(program, context, finish);
  addEmbed(program, context, finish);
  addSearch(program, context, finish);
  addDuplicates(program, context, finish);
  addEvaluate(program, context, finish);
  addShortName("knn", program, context, finish);
  addShortName("probe", program, context, finish);
  addSegment(program, context, finish);
  addDetect(program, context, finish);
  addFinetune(program, context, finish);
  addClassify(program, context, finish);
  addStudy(program, context, finish);
  addImport(program, context, finish);
  addExport(program, context, finish);
  addDashboard(program, context, version, finish);
  addData(program, context, finish);
  addDoctor(program, context, version, finish);
  let command = "";
  program.hook("preAction", async (_, action) => {
    command = action.name();
    if (!(await processes.begin(action, args))) throw new CommanderError(0, "mixedae.idle", "");
  });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    processes.fail(error);
    exitCode = reportError(error, context.stderr);
  }
  const other = await processes.end();
  if (other !== undefined) exitCode = reportError(other, context.stderr);
  // The first process says how the command ended; a launcher would end it for another's code before it has.
  if (processes.communicator.rank > 0) return 0;
  if (exitCode !== 0 || writesFiles.has(command)) return exitCode;
  const failure = await context.outputFailure?.();
  return failure === undefined ? 0 : reportError(storageError(failure, "write", "the output"), context.stderr);
}
