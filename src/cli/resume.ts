// mixedae resume: the same run goes on.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { isFinetuneConfig, readConfigFile, runPaths } from "../training/run-directory.js";
import type { CliContext } from "./context.js";
import { threadCount } from "./evaluation-flags.js";
import { finetuneSession, pretrainSession } from "./run-session.js";

interface ResumeFlags {
  readonly threads?: number;
  readonly memoryCheck: boolean;
}

export function addResume(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("resume")
    .summary("go on with a run that was stopped or killed")
    .description(
      "Goes on with a run from its newest intact checkpoint, exactly: the result is that of a run that was never stopped.",
    )
    .argument("<run>", "folder that mixedae pretrain or mixedae finetune made")
    .option(
      "--threads <n>",
      "threads of the engine; 0 means one a physical core (default: as the run was started)",
      threadCount,
    )
    .option("--no-memory-check", "go on even where more memory is planned than is free")
    .addHelpText(
      "after",
      [
        "",
        "A run's length and all else that decides its result are fixed when it starts. To train longer, or otherwise,",
        "start a new run: mixedae pretrain --config RUN/config.json --out NEW --steps N.",
        "",
        "Example:",
        "  mixedae resume runs/first",
      ].join("\n"),
    )
    .action(async (folder: string, { threads, memoryCheck }: ResumeFlags) => {
      const overrides = { ...(threads !== undefined && { threads }), ...(!memoryCheck && { memoryCheck }) };
      if (existsSync(runPaths(folder).config) && isFinetuneConfig(readConfigFile(folder))) {
        const { resumeFinetune } = await import("../evaluation/index.js");
        finish(await finetuneSession(context, folder, (hooks) => resumeFinetune(folder, overrides, hooks)));
        return;
      }
      const { resume } = await context.loadTraining();
      finish(await pretrainSession(context, folder, (hooks) => resume(folder, overrides, hooks)));
    });
}
