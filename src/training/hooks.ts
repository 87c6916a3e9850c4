// What the training loop and whoever started it tell each other.

import type { PretrainConfig } from "../config/config.js";
import type { DeviceArray, Engine } from "../engine/index.js";
import type { Progress } from "../terminal/progress.js";

/** Metrics of the model as it is at the moment, such as how well its nearest neighbours tell classes. */
export interface Evaluator {
  /** One line for people: what is evaluated on what. */
  readonly description: string;
  /**
   * Changes nothing of the training. The metrics go into the step's line of metrics.jsonl. Rejects with the signal's
   * reason where it is aborted.
   */
  evaluate(signal?: AbortSignal): Promise<Readonly<Record<string, number>>>;
}

/** The encoder of a run that is training. */
export interface LiveEncoder {
  /** Where its weights are. */
  readonly engine: Engine;
  /** By the parameters' names; they change with every step. */
  readonly weights: Readonly<Record<string, DeviceArray>>;
}

/** Prepares to evaluate an encoder, whose weights are read anew at each evaluation. */
export type CreateEvaluator = (
  config: PretrainConfig,
  encoder: LiveEncoder,
  hooks?: Pick<RunHooks, "progress" | "signal">,
) => Promise<Evaluator>;

export interface RunHooks {
  /** A line for the person who watches. */
  readonly print: (line: string) => void;
  readonly progress: Progress;
  /** Asked after each step: true ends the run in order, with a checkpoint. */
  readonly stopRequested: () => boolean;
  /**
   * Aborted by the same request: ends with its reason (a StoppedError) what prepares, waits for images or evaluates at
   * the end, where no step would be lost.
   */
  readonly signal?: AbortSignal;
  /** Needed where the configuration names images to evaluate on. */
  readonly createEvaluator?: CreateEvaluator;
}

/** What may differ when a run goes on: nothing that changes its result, unless changed images are accepted. */
export interface ResumeOverrides {
  /** Engine threads on this machine; 0 means one a physical core. */
  readonly threads?: number;
  /** Where the images are now, if they have moved; config.json then says so. Of a fine-tuning, those it learns from. */
  readonly source?: string | readonly string[];
  /** Where the test images of a fine-tuning are now. */
  readonly testSource?: string | readonly string[];
  /** Go on although images were added, removed, renamed or changed. */
  readonly acceptChangedSource?: boolean;
  /** Look at every image file before the first step, and not only as each is read. */
  readonly verifySource?: boolean;
  /** False goes on even where more memory is planned than is free. */
  readonly memoryCheck?: boolean;
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
