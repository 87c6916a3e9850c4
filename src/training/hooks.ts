// What the training loop and whoever started it tell each other.

import type { Progress } from "./progress.js";

export interface RunHooks {
  /** A line for the person who watches. */
  readonly print: (line: string) => void;
  readonly progress: Progress;
  /** Asked after each step: true ends the run in order, with a checkpoint. */
  readonly stopRequested: () => boolean;
}

/** What may differ when a run goes on: nothing that changes its result. */
export interface ResumeOverrides {
  /** Engine threads on this machine; 0 means one a physical core. */
  readonly threads?: number;
}

export interface RunSummary {
  /** stopped: on request, before the last step; `mixedae resume` goes on. */
  readonly outcome: "finished" | "stopped";
  /** Steps done in all. */
  readonly step: number;
  readonly totalSteps: number;
  /** Loss of the last step; null when no step was taken. */
  readonly loss: number | null;
  /** Wall time of this process's share of the run, and the clean images that it saw. */
  readonly seconds: number;
  readonly images: number;
  /** Paths of the newest checkpoint and picture sheet, where there are any. */
  readonly checkpoint: string | null;
  readonly picture: string | null;
}
