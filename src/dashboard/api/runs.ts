// What the server tells of runs: lines of their table, one in full, and its curves.

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
  /** The block of the encoder that the first value of a metric by block is of, counted from 0. */
  readonly firstBlock: number;
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

/** All that a page shows of one run without a server. */
export interface ExportedRun {
  readonly version: string;
  readonly exported: string;
  readonly detail: RunDetail;
  readonly curves: Curves;
  /** Pictures as data: addresses, by their step. */
  readonly images: Readonly<Record<string, string>>;
}
