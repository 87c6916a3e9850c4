// What pretrain and resume have in common: progress, Ctrl-C, and the words at the end.

import type { RunHooks, RunSummary } from "../training/hooks.js";
import { describeLearning } from "../training/learning-report.js";
import { Progress } from "../training/progress.js";
import { formatCount, formatDuration, formatRate } from "../training/quantities.js";
import type { CliContext } from "./context.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

/** Runs the training with hooks, prints how it ended, and returns the exit code: 0 only for a finished run. */
export async function runSession(
  { stdout }: CliContext,
  folder: string,
  train: (hooks: RunHooks) => Promise<RunSummary>,
): Promise<number> {
  const progress = new Progress(stdout);
  const stop = listenForStop(() =>
    progress.print("Stopping after this step, then saving. Ctrl-C again stops at once and saves nothing."),
  );
  try {
    const summary = await train({
      print: (line) => progress.print(line),
      progress,
      stopRequested: () => stop.received() !== undefined,
    });
    progress.end();
    const [headline, ...others] = describeEnd(summary, folder);
    for (const line of [headline, ...(await describeLearning(folder)), ...others]) stdout.write(`${line}\n`);
    return summary.outcome === "finished" ? 0 : exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    progress.end();
    stop.dispose();
  }
}

/** How the run ended, where its files are, and what can be done next. */
export function describeEnd(summary: RunSummary, folder: string): string[] {
  const { step, totalSteps, loss, seconds, images, checkpoint, picture } = summary;
  const pace = seconds > 0 && images > 0 ? `, ${formatRate(images / seconds)} images/s` : "";
  const lossText = loss === null ? "" : `, loss ${loss.toFixed(4)}`;
  const files = [
    ...(checkpoint === null ? [] : [`  checkpoint  ${checkpoint}`]),
    ...(picture === null ? [] : [`  picture     ${picture}`]),
  ];
  if (summary.outcome === "stopped") {
    return [
      `Stopped after step ${formatCount(step)} of ${formatCount(totalSteps)}${lossText}.`,
      ...files,
      `To go on: mixedae resume ${shellWord(folder)}`,
    ];
  }
  return [
    `Finished ${formatCount(totalSteps)} steps in ${formatDuration(seconds)}${lossText}${pace}.`,
    ...files,
    `To see reconstructions of other images: mixedae reconstruct ${shellWord(folder)} IMAGES --out FILE.png`,
  ];
}

/** A path as it can be pasted into a shell. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
