// What the server of the dashboard tells its page: the shapes of its JSON, shared by both.

import type { ImageSize } from "../data/image-size.js";

/** failed, stopped and finished are how a run says that it ended; "interrupted" ended without saying so. */
export type RunState = "waiting" | "running" | "finished" | "stopped" | "failed" | "interrupted";

/** How a run does, in words. The level never stands alone. */
export interface Health {
  readonly level: "good" | "neutral" | "warning" | "bad";
  /** A few words for a table. */
  readonly words: string;
  /** What is seen, the likely cause and what to do; empty where the words say it all. */
  readonly more: string;
}

/** A line of the table of runs. */
export interface RunRow {
  readonly id: string;
  /** The path of its folder, as the folders were given. */
  readonly name: string;
  /** "pretrain", "finetune", "segment", "detect". */
  readonly task: string;
  /** A pre-training's method, else what the run does. */
  readonly method: string;
  readonly model: string;
  readonly state: RunState;
  /** What it prepares, where it has not taken a step in this process yet. */
  readonly doing: string | null;
  readonly step: number;
  readonly totalSteps: number | null;
  readonly batchSize: number | null;
  readonly imagesPerSecond: number | null;
  /** Of a run that is going on. */
  readonly secondsLeft: number | null;
  /** Mean over its last steps. */
  readonly loss: number | null;
  readonly health: Health;
  /** ISO 8601, in UTC. */
  readonly began: string | null;
  readonly lastActive: string | null;
}

export interface StudyRow {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly finished: number;
  readonly total: number;
  /** Where it cannot be read, why. */
  readonly problem: string | null;
  readonly lastActive: string | null;
}

export interface Overview {
  readonly version: string;
  readonly folders: readonly string[];
  readonly runs: readonly RunRow[];
  readonly studies: readonly StudyRow[];
  /** What was left out and why, such as links that lead out of the folders. */
  readonly notes: readonly string[];
}

/** What has changed since the last message. */
export interface Change {
  readonly runs: readonly RunRow[];
  readonly studies: readonly StudyRow[];
  /** Ids of runs and studies that are no longer there. */
  readonly gone: readonly string[];
}

/** Something that is marked in the curves. */
export interface RunMark {
  readonly step: number;
  readonly time: string;
  readonly type: "warning" | "failed" | "resumed" | "stopped" | "finished";
  readonly message: string;
}

/** A value that a metric is to be compared with. */
export interface MetricLevel {
  readonly metric: string;
  readonly value: number;
  /** In a few words, such as "chance". */
  readonly meaning: string;
}

export interface RunDetail {
  readonly row: RunRow;
  /** Where the run lies, to be copied into commands. */
  readonly folder: string;
  /** The resolved configuration as config.json has it; null where that cannot be read. */
  readonly config: unknown;
  /** What each metric means, by its name. */
  readonly meanings: Readonly<Record<string, string>>;
  readonly marks: readonly RunMark[];
  /** Steps with a picture, in order. */
  readonly pictures: readonly number[];
  /** Steps with a checkpoint, in order. */
  readonly checkpoints: readonly number[];
  /** What the run has learnt so far, in lines for people. */
  readonly learnt: readonly string[];
  /** Values that a metric is to be compared with, such as what chance gives. */
  readonly levels: readonly MetricLevel[];
}

/** A metric over a run. Each value stands for the steps of one bucket. */
export interface Series {
  readonly metric: string;
  /** Of a metric with a value for each block. */
  readonly block: number | null;
  /** Null where no step of the bucket has it. */
  readonly mean: readonly (number | null)[];
  /** Least and most in the bucket; null where each bucket is one step. */
  readonly low: readonly (number | null)[] | null;
  readonly high: readonly (number | null)[] | null;
}

export interface Curves {
  /** The last step of each bucket. */
  readonly step: readonly number[];
  /** Seconds of training up to that step, without the time between processes. */
  readonly seconds: readonly number[];
  readonly batchSize: number | null;
  readonly series: readonly Series[];
}

export interface Dot {
  readonly seed: number;
  readonly value: number;
  /** The run behind it, or that of its encoder, where its folder is among the runs. */
  readonly run: string | null;
}

export interface Estimate {
  readonly mean: number;
  readonly deviation: number | null;
  readonly count: number;
}

export interface StudyCell {
  readonly fraction: number;
  readonly dots: readonly Dot[];
  readonly estimate: Estimate | null;
  /** Above the baseline, paired by seed; `margin` is half the width of the 95% interval. */
  readonly difference: (Estimate & { readonly margin: number | null }) | null;
}

export interface StudyEvaluation {
  readonly name: string;
  readonly task: string;
  readonly measure: string;
  readonly unit: string;
  readonly digits: number;
  readonly testImages: number;
  /** What guessing gives, as shown. */
  readonly chance: number | null;
  readonly fractions: readonly number[];
  readonly variants: readonly { readonly name: string; readonly cells: readonly StudyCell[] }[];
}

export interface StudyPretraining {
  readonly variant: string;
  readonly seed: number;
  readonly method: string;
  readonly images: number;
  readonly seconds: number;
  readonly run: string | null;
}

export interface StudyDetail {
  readonly row: StudyRow;
  readonly folder: string;
  readonly about: string;
  readonly baseline: string;
  readonly evaluations: readonly StudyEvaluation[];
  readonly pretrainings: readonly StudyPretraining[];
}

/** What one block of the encoder attends to in a mixture. */
export interface ExploredBlock {
  /** Whether TopK says which patches are kept; all are where it does not. */
  readonly keepsTop: boolean;
  /** Of the patches that are kept, the share of a patch's own image; of what it attends to, where all are. */
  readonly precision: number;
  readonly headPrecision: readonly number[];
  /** For patches of each image, the share of those that they keep (or attend to) from each image. */
  readonly confusion: readonly (readonly number[])[];
  /**
   * In base64, bytes [heads, patches, patches]: 0 for what a patch does not keep, else 1 to 255, most for what it attends
   * to most.
   */
  readonly attention: string;
}

/** What a run's newest checkpoint makes of some images. Pictures are base64 of red, green and blue, by rows. */
export type Exploration = ExploredMixture | ExploredImages;

/** A mixture of images, as the method itself sees it. */
export interface ExploredMixture {
  readonly kind: "mixture";
  readonly method: string;
  /** Of the checkpoint. */
  readonly step: number;
  readonly seed: number;
  /** Whether the encoder was told by segment embeddings which patches belong together; null where it never is. */
  readonly segments: boolean | null;
  readonly imageSize: ImageSize;
  readonly patchSize: number;
  readonly heads: number;
  /** Which image each patch of the mixture comes from. */
  readonly sources: readonly number[];
  readonly images: readonly string[];
  readonly mixture: string;
  readonly reconstructions: readonly string[];
  /** Whether reconstructions have each patch's mean and deviation from the original, since the model predicts neither. */
  readonly normPixels: boolean;
  readonly blocks: readonly ExploredBlock[];
  /** The method's own metric of the blocks that keep some, over all mixtures of the group. */
  readonly methodPrecision: readonly number[];
  /** What computing it took. */
  readonly milliseconds: number;
}

/** Single images, as the encoder sees them that is transferred: of methods that do not mix. */
export interface ExploredImages {
  readonly kind: "images";
  readonly method: string;
  /** Of the checkpoint. */
  readonly step: number;
  readonly seed: number;
  readonly segments: null;
  readonly imageSize: ImageSize;
  readonly patchSize: number;
  readonly heads: number;
  readonly images: readonly string[];
  /** What the method is shown of each image, and what it makes of that; null where it reconstructs nothing. */
  readonly reconstructed: {
    readonly inputs: readonly string[];
    readonly pictures: readonly string[];
    readonly normPixels: boolean;
  } | null;
  /** By block, in base64, bytes [images, heads, patches, patches] from 1 to 255, most for what a patch attends to most. */
  readonly blocks: readonly string[];
  /** For each patch of each image, the patches of other images whose features are most like its own, by their places in all images. */
  readonly nearest: readonly (readonly number[])[];
  readonly milliseconds: number;
}

/** All that a page shows of one run without a server. */
export interface ExportedRun {
  readonly version: string;
  readonly exported: string;
  readonly detail: RunDetail;
  readonly curves: Curves;
  /** Pictures as data: addresses, by their step. */
  readonly images: Readonly<Record<string, string>>;
}
