// mixedae resume: the same run goes on.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { taskOf } from "../config/config.js";
import type { ResumeOverrides } from "../training/hooks.js";
import { readConfigFile } from "../training/run-config.js";
import { runPaths } from "../training/run-folder.js";
import { verboseOption } from "./config-flags.js";
import type { CliContext } from "./context.js";
import { onePath, threadCount } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";
import { detectSession, finetuneSession, pretrainSession, type SessionFlags, segmentSession } from "./run-session.js";

interface ResumeFlags extends SessionFlags, Pick<ResumeOverrides, "threads" | "acceptChangedSource" | "verifySource"> {
  readonly source?: readonly string[];
  readonly testSource?: readonly string[];
  readonly memoryCheck: boolean;
}

export function addResume(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("resume")
    .summary("continue a run that was stopped or killed")
    .description(
      "Continues a run from its newest intact checkpoint, exactly: the result is the same as without the stop.",
    )
    .argument("<run>", "folder that mixedae pretrain, finetune or segment train made")
    .option(
      "--threads <n>",
      "threads of the engine; 0 means one per physical core (default: as the run was started)",
      threadCount,
    )
    .option("--no-memory-check", "continue even if more memory is planned than is free")
    .option(
      "--source <path...>",
      "where the images are now, if they have moved (of a fine-tuning: its training images; of a segmentation: its folder)",
    )
    .option("--test-source <path...>", "where the test images of a fine-tuning are now, if they have moved")
    .option("--accept-changed-source", "continue although images were added, removed, renamed or changed")
    .option("--verify-source", "check every image file before the first step, and not only when it is read")
    .addOption(verboseOption())
    .addHelpText(
      "after",
      [
        "",
        "A run's length and all else that decides its result are fixed when it starts. To train longer, or otherwise,",
        "start a new run: mixedae pretrain --config RUN/config.json --out NEW --steps N.",
        "",
        "The images must be those that the run began with: names are compared at once, the content of each as it is read.",
        "",
        "Example:",
        "  mixedae resume runs/first",
      ].join("\n"),
    )
    .action(async (folder: string, { source, testSource, memoryCheck, verbose = false, ...others }: ResumeFlags) => {
      const overrides: ResumeOverrides = {
        ...others,
        ...(!memoryCheck && { memoryCheck }),
        ...(source !== undefined && { source: onePath(source) }),
        ...(testSource !== undefined && { testSource: onePath(testSource) }),
      };
      const task = existsSync(runPaths(folder).config) ? taskOf(readConfigFile(folder)) : "pretrain";
      if (task === "finetune") {
        const { resumeFinetune } = await import("../evaluations/index.js");
        finish(
          await finetuneSession(context, folder, { verbose }, (options) =>
            resumeFinetune(folder, { ...overrides, ...options }),
          ),
        );
        return;
      }
      if (task === "segment") {
        const { resumeSegmenter } = await import("../evaluations/index.js");
        finish(
          await segmentSession(context, folder, { verbose }, (options) =>
            resumeSegmenter(folder, { ...overrides, ...options }),
          ),
        );
        return;
      }
      if (task === "detect") {
        const { resumeDetector } = await import("../evaluations/index.js");
        finish(
          await detectSession(context, folder, { verbose }, (options) =>
            resumeDetector(folder, { ...overrides, ...options }),
          ),
        );
        return;
      }
      if (testSource !== undefined)
        throw new UsageError(`--test-source: ${folder} is not a fine-tuning and has no test images`);
      const { resume } = await context.loadTraining();
      finish(
        await pretrainSession(context, folder, { verbose }, (options) => resume(folder, { ...overrides, ...options })),
      );
    });
}
