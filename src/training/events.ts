// What happens while something trains, embeds or evaluates, as events that listeners are told. See docs/run-directory.md.

import type { SkippedImage } from "../data/index.js";
import type { Communicator } from "../processes/communicator.js";
import type { IntervalText } from "../terminal/interval.js";
import type { RunSummary } from "./hooks.js";
import type { StepMetrics } from "./metrics-file.js";

/** What each event has beside what its type has. */
export interface EventStamp {
  /** When it happened: ISO 8601, in UTC. */
  readonly time: string;
  /** Steps that were done when it happened; 0 where nothing is trained. */
  readonly step: number;
}

/** A piece of preparing or saving, which is under way between "began" and "ended". */
export interface PhaseHappening {
  readonly type: "phase";
  readonly state: "began" | "advanced" | "ended";
  /** In words, such as "Reading images into memory". */
  readonly label: string;
  /** Whether the thread is kept busy: no timer runs until it has ended. */
  readonly isBusy: boolean;
  /** How much is done, of how much, where that is known. */
  readonly done?: number;
  readonly total?: number;
}

/** A pass over images, as embedding and evaluating take one. */
export interface ImagesHappening {
  readonly type: "images";
  readonly state: "began" | "advanced" | "ended";
  /** What is done with them, such as "embedded". */
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Whether it is part of other work, such as an evaluation during training. */
  readonly isPassing: boolean;
}

/** A line for whoever watches. */
export interface NoteHappening {
  readonly type: "note";
  readonly message: string;
}

/** Something that may spoil the result, though the work goes on. */
export interface WarningHappening {
  readonly type: "warning";
  /** Lines of text, of which the first is a sentence. */
  readonly message: string;
  /** What it is a sign of in short, such as "no spread" or "memory"; undefined for events that happen once. */
  readonly sign?: string;
}

/** What a new run took of the weights that it starts from: names of tensors, as checkpoints have them. */
export interface WeightsHappening {
  readonly type: "weights";
  readonly path: string;
  readonly fingerprint: string;
  /** Taken as they are. */
  readonly matched: readonly string[];
  /** Positions that were resampled for another size of images. */
  readonly resized: readonly string[];
  /** Of the run, which the weights do not have: they start from their initialisers. */
  readonly initialised: readonly string[];
  /** Of the weights, which the run has no place for. */
  readonly leftOut: readonly string[];
}

/** An image that could not be read and is left out. */
export interface SkippedHappening extends SkippedImage {
  readonly type: "skipped";
}

/** Everything is ready, and the first step comes next. */
export interface AnnouncedHappening {
  readonly type: "announced";
  /** What the run will do, in lines for people. Not written to events.jsonl. */
  readonly lines: readonly string[];
  /** Its whole configuration, likewise. */
  readonly configuration: readonly string[];
  readonly totalSteps: number;
  /** Steps done before: more than 0 in a run that goes on. */
  readonly doneSteps: number;
  /** Clean images a step. */
  readonly batchSize: number;
  /** How often `metrics` come. */
  readonly logEvery: IntervalText;
}

/** A step was taken. Not written to events.jsonl: metrics.jsonl has a line for each. */
export interface StepHappening {
  readonly type: "step";
  readonly totalSteps: number;
  readonly loss: number;
  /** The step's line of metrics.jsonl. */
  readonly metrics: StepMetrics;
}

/** The metrics of a step, after the first and the last, after each that was evaluated, and every `run.logEvery`. */
export interface MetricsHappening {
  readonly type: "metrics";
  /** The step's line of metrics.jsonl. */
  readonly metrics: StepMetrics;
}

/** A file was written: a checkpoint, or a sheet of pictures. */
export interface FileHappening {
  readonly type: "checkpoint" | "picture";
  /** Relative to the run's folder, with "/" between names. */
  readonly file: string;
}

/** The end of a run that was not stopped by an error. */
export interface FinishedHappening {
  readonly type: "finished";
  /** stopped: on request; it can go on. */
  readonly outcome: "finished" | "stopped";
  /** Null where it was stopped before there was anything to save. */
  readonly summary: RunSummary | null;
}

/** A run ended with an error. */
export interface FailedHappening {
  readonly type: "failed";
  readonly message: string;
}

/** A job of a study: what comes between its "began" and its end is what it does. */
export interface JobHappening {
  readonly type: "job";
  readonly state: "began" | "advanced" | "finished" | "failed";
  /** The folder of the job, relative to the study's. */
  readonly folder: string;
  /** In words, such as "pre-training: mae, seed 0". */
  readonly description: string;
  /** Which it is of all, from 1, counting those that were finished before. */
  readonly place: number;
  readonly total: number;
  /** What the whole study is expected to take from now on; null where that is not known. */
  readonly secondsLeft: number | null;
  /** What came out, or why it failed, in words; null where there is nothing to say. */
  readonly result: string | null;
}

/** What an event says, without its stamp. */
export type Happening =
  | PhaseHappening
  | ImagesHappening
  | NoteHappening
  | WarningHappening
  | WeightsHappening
  | SkippedHappening
  | AnnouncedHappening
  | StepHappening
  | MetricsHappening
  | FileHappening
  | FinishedHappening
  | FailedHappening
  | JobHappening;

/** Told apart by `type`. Types may be added: ignore those that you do not know. */
export type RunEvent = EventStamp & Happening;

/** Whom a function tells what it does, and who may stop it. Everything may be left out. */
export interface EventOptions {
  /** The processes that do the work together: `openProcesses`. This one alone by default. Each has its own events. */
  readonly communicator?: Communicator | undefined;
  /**
   * Aborted, it ends the work in order: a training writes a checkpoint after the step that it is taking and returns; what
   * only prepares or evaluates rejects with the signal's reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called with each event, before the work goes on. What it throws ends the work. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
}
