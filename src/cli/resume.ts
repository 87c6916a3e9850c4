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

type Resumer = (
  context: CliContext,
  folder: string,
  flags: SessionFlags,
  overrides: ResumeOverrides,
) => Promise<number>;

/** By what a run trains; each loads only what it needs. */
const resumers = {
  async pretrain(context, folder, flags, overrides) {
    if (overrides.testSource !== undefined) {
      throw new UsageError(`--test-source: ${folder} is not a fine-tuning and has no test images`);
    }
    const { resume } = await context.loadTraining();
    return pretrainSession(context, folder, flags, (options) => resume(folder, { ...overrides, ...options }));
  },
  async finetune(context, folder, flags, overrides) {
    const { resumeFinetune } = await import("../evaluations/index.js");
    return finetuneSession(context, folder, flags, (options) => resumeFinetune(folder, { ...overrides, ...options }));
  },
  async segment(context, folder, flags, overrides) {
    const { resumeSegmenter } = await import("../evaluations/index.js");
    return segmentSession(context, folder, flags, (options) => resumeSegmenter(folder, { ...overrides, ...options }));
  },
  async detect(context, folder, flags, overrides) {
    const { resumeDetector } = await import("../evaluations/index.js");
    return detectSession(context, folder, flags, (options) => resumeDetector(folder, { ...overrides, ...options }));
  },
} satisfies Readonly<Record<string, Resumer>>;

/** A task that this version does not know is refused by pre-training, in words. */
function resumerOf(task: string): Resumer {
  return Object.hasOwn(resumers, task) ? resumers[task as keyof typeof resumers] : resumers.pretrain;
}

export function addResume(program: Command, context: CliContext, finish: (exitCode: number) => void): void {
  program
    .command("resume")
    .summary("continue a run that was stopped or killed")
    .description(
      "Continues a run from its newest intact checkpoint, exactly: the result is the same as without the stop.",
    )
    .argument("<run>", "folder that mixedae pretrain, finetune, segment train or detect train made")
    .option(
      "--threads <n>",
      "threads of the engine; 0 means one per physical core (default: as the run was started)",
      threadCount,
    )
    .option("--no-memory-check", "continue even if more memory is planned than is free")
    .option(
      "--source <path...>",
      "where the images are now, if they have moved (of a fine-tuning: its training images; of a segmentation or detection: its folder)",
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
      finish(await resumerOf(task)(context, folder, { verbose }, overrides));
    });
}
