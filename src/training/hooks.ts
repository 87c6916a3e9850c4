// What a run is started with beside its configuration, and what it returns.

import type { PretrainConfig } from "../config/config.js";
import type { DeviceArray, Engine } from "../engine/index.js";
import type { EventOptions } from "./events.js";

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
  options?: EventOptions,
) => Promise<Evaluator>;

/** What a run tells, who may stop it, and what it evaluates with. Everything may be left out. */
export interface RunOptions extends EventOptions {
  /** Needed where the configuration names images to evaluate on: `createKnnEvaluator`. */
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

/** What resuming a run may be told: what differs here, and the options of any run. */
export interface ResumeOptions extends ResumeOverrides, RunOptions {}

/** How a process's share of a run ended. */
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
