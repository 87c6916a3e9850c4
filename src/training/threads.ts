// The threads of a run on the machine that it is on: a new run must ask for what makes sense, an old one is adapted.

import { ConfigError } from "../config/errors.js";
import { mostThreads, threadsProblem } from "../engine/machine.js";
import type { ResumeOverrides } from "./hooks.js";

interface RunSection {
  readonly threads: number;
}

/** Throws ConfigError for more threads than this machine has a use for. */
export function checkThreads({ threads }: RunSection): void {
  const problem = threadsProblem(threads);
  if (problem !== undefined) throw new ConfigError([`run.threads: ${problem}`]);
}

/** The threads of a run that was started elsewhere: one a physical core where the run has more than make sense here. */
export function threadsHere({ threads }: RunSection): number {
  return threads > mostThreads() ? 0 : threads;
}

/** The section `run` of a run that goes on here. What is asked for now is checked, what config.json has is adapted. */
export function runHere<Run extends RunSection>(
  run: Run,
  overrides: ResumeOverrides,
  note: (line: string) => void,
): Run {
  const { threads: asked, memoryCheck } = overrides;
  const checked = memoryCheck === undefined ? run : { ...run, memoryCheck };
  if (asked !== undefined) {
    checkThreads({ threads: asked });
    return { ...checked, threads: asked };
  }
  const threads = threadsHere(run);
  if (threads !== run.threads) {
    note(
      `The run was started with ${run.threads} threads; this machine has a use for at most ${mostThreads()}. ` +
        "It continues with one per physical core; --threads sets another number.",
    );
  }
  return { ...checked, threads };
}
