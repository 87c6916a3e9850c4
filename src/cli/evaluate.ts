// mixedae evaluate: a command for each evaluation, made of what the registry says of it.

import type { Command } from "commander";
import { type Evaluation, type FrozenEvaluation, needs } from "../evaluations/evaluation.js";
import { evaluations } from "../evaluations/registry.js";
import { oneProcess } from "../processes/communicator.js";
import type { CliContext } from "./context.js";
import { addDetectTrain, addSegmentTrain } from "./dense-train.js";
import {
  addModelFlags,
  addReportFlag,
  deviceOption,
  fromFlag,
  fromHelp,
  type ModelFlags,
  modelRequest,
  prepareReport,
  type ReportFlags,
  runHelp,
  threadsOption,
} from "./evaluation-flags.js";
import { addFinetune } from "./finetune.js";
import { addOptionFlags, imageSetsOf, optionsOfFlags } from "./option-flags.js";

type EvaluateFlags = ModelFlags &
  ReportFlags & { readonly threads: number; readonly device?: string } & Readonly<Record<string, unknown>>;

/** Evaluations that train have commands of their own: what they leave is a run, and not only a score. */
const trainingCommands: Readonly<Record<string, typeof addFinetune>> = {
  finetune: addFinetune,
  segment: (group, context, finish) => addSegmentTrain("segment", group, context, finish),
  detect: (group, context, finish) => addDetectTrain("detect", group, context, finish),
};

export function addEvaluate(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  const group = program
    .command("evaluate")
    .summary("evaluate an encoder")
    .description("Evaluates a pre-trained encoder, or one that has learnt nothing, and prints a score.");
  for (const evaluation of evaluations) {
    if (evaluation.trains) trainingCommands[evaluation.name]!(group, context, finish);
    else describeEvaluation(group.command(evaluation.name), evaluation, context, finish);
    group.commands.at(-1)!.summary(`${evaluation.summary}; needs ${needs[evaluation.needs]}`);
  }
  group.addHelpText("after", "\nFlags of each: mixedae evaluate NAME --help");
}

/** Commands of one evaluation that are as old as the evaluation itself. */
export function addShortName(
  name: string,
  program: Command,
  context: CliContext,
  finish: (exitCode: number) => void,
): void {
  describeEvaluation(program.command(name), frozenNamed(name), context, finish);
}

export function frozenNamed(name: string): FrozenEvaluation {
  const found = evaluations.find((each: Evaluation) => each.name === name);
  if (found === undefined || found.trains) throw new TypeError(`there is no evaluation ${name} of frozen encoders`);
  return found;
}

/** Makes a command that of an evaluation. `begin` is called before it does anything. */
export function describeEvaluation(
  command: Command,
  evaluation: FrozenEvaluation,
  context: CliContext,
  finish: (exitCode: number) => void,
  begin: () => void = () => {},
): void {
  const { options, notes = [], examples, runsOnly = false, picture } = evaluation;
  command
    .summary(evaluation.summary)
    .description(evaluation.description)
    .requiredOption(runsOnly ? "--from <run>" : fromFlag, runsOnly ? runHelp : fromHelp);
  addReportFlag(addOptionFlags(command, options), picture?.shows).addOption(deviceOption()).addOption(threadsOption());
  addModelFlags(command, evaluation);
  const called = `mixedae ${namesOf(command).join(" ")}`;
  command
    .addHelpText(
      "after",
      [
        "",
        ...notes,
        ...(notes.length > 0 ? [""] : []),
        examples.length > 1 ? "Examples:" : "Example:",
        ...examples.map((example) => `  ${called} ${example}`),
      ].join("\n"),
    )
    .action(async (flags: EvaluateFlags) => {
      begin();
      await carryOut(evaluation, flags, context);
      finish(0);
    });
}

/** Of a command and those that it is part of, without the program. */
function namesOf(command: Command): string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}

async function carryOut(evaluation: FrozenEvaluation, flags: EvaluateFlags, { stdout, stderr, processes }: CliContext) {
  const { options, picture } = evaluation;
  const given = optionsOfFlags(options, flags);
  await prepareReport(flags, picture === undefined ? undefined : imageSetsOf(options, given));
  const { ImageProgress } = await import("../evaluations/image-progress.js");
  const { writeReportFiles } = await import("../evaluations/report-files.js");
  const { threadsTogether } = await import("../training/together.js");
  const { communicator = oneProcess } = processes ?? {};
  const { device, out } = flags;
  const threads = await threadsTogether(communicator, flags.threads);
  const request = { ...modelRequest(flags, { stderr }), ...given, threads, ...(device && { device }) };
  const report = await evaluation.run(request as Parameters<typeof evaluation.run>[0], {
    progress: new ImageProgress(stdout, undefined, { communicator }),
  });
  for (const line of evaluation.lines(report)) stdout.write(`${line}\n`);
  if (out === undefined || communicator.rank > 0) return;
  const files = await writeReportFiles(out, report, await picture?.draw(report));
  stdout.write(`Wrote ${files.join(" and ")}\n`);
}
