// What an evaluation is: all that the command line, studies, help texts and the documentation know of it.

import type { z } from "zod";
import type { PretrainConfig } from "../config/config.js";
import type { EncoderShape } from "../nn/presets.js";
import type { EventOptions } from "../training/events.js";
import type { ResumeOptions } from "../training/hooks.js";
import type { ImageProgress } from "./image-progress.js";
import type { EncoderRequest } from "./model.js";
import type { FeaturesOf } from "./set-features.js";

/** What must be known of the images that an encoder is evaluated on. */
export const needs = {
  labels: "labelled images",
  masks: "images with class masks",
  boxes: "images with boxes",
  nothing: "images alone",
} as const;
export type Needs = keyof typeof needs;

/** What the score of an evaluation is, and how it is written. */
export interface Measure {
  readonly name: string;
  /** What a score is multiplied by to be shown, and the digits after its point. */
  readonly scale: number;
  readonly digits: number;
  /** Between the name and the images, such as ", in percent". */
  readonly unit: string;
}

/** A share, shown in percent. */
export function percentMeasure(name: string): Measure {
  return { name, scale: 100, digits: 1, unit: ", in percent" };
}

/** What a study keeps of a report. */
export interface EvaluationResult {
  /** Images that were learnt from or compared with; 0 where there are none. */
  readonly train: { readonly images: number };
  readonly test: { readonly images: number };
  readonly score: number;
  /** The score of guessing, where it is known. */
  readonly chance?: number;
  /** Further scores of the same work, by the names that `furtherMeasures` has for them; those that there are. */
  readonly further?: Readonly<Record<string, number>>;
}

interface Described<Options extends z.ZodObject> {
  /** On the command line. */
  readonly name: string;
  /** In recipes and reports: it names files and decides the folders of a study's jobs, so that it never changes. */
  readonly task: string;
  /** A few words for lists of commands, and what it does, in full sentences. */
  readonly summary: string;
  readonly description: string;
  readonly needs: Needs;
  /**
   * Its options, of which flags, the keys of recipes and their checks are made: see options.ts. Sets of images are among
   * them, and `seed`, and `labelsFraction` where a share of the labels can be taken.
   */
  readonly options: Options;
  /**
   * Options that a parsed recipe always has, with their defaults there: they are part of what names a job's folder, so
   * that none may be added, removed or changed later. Others are there only where a recipe sets them.
   */
  readonly recorded: Readonly<Record<string, unknown>>;
  readonly measure: Measure;
  /** What else it scores, in the order of reports, by short names that never change. */
  readonly furtherMeasures?: Readonly<Record<string, Measure>>;
  /**
   * Whether it measures what pre-training itself trains, which says little of what an encoder is worth: a study's claims
   * leave it out.
   */
  readonly measuresPretext?: boolean;
  /** Whether it can be done with an encoder of this pre-training; undefined stands for one from scratch. By default all. */
  suits?(pretraining: PretrainConfig | undefined): boolean;
}

export interface EvaluationContext {
  readonly progress: ImageProgress;
  /** May give features that were computed before. */
  readonly features?: FeaturesOf | undefined;
}

/** An evaluation that leaves the encoder as it is. */
export interface FrozenEvaluation<Options extends z.ZodObject = z.ZodObject, Report extends object = object>
  extends Described<Options> {
  readonly trains: false;
  /** Lines under the options in its help; and the arguments of command lines that show it. */
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  /** Only runs have what it evaluates: neither "scratch" nor the student of a run can be asked for. */
  readonly runsOnly?: boolean;
  /** Whether what it keeps is compared with the memory that is free. */
  readonly checksMemory: boolean;
  /** Throws the errors of its parts. */
  run(request: EncoderRequest & z.output<Options>, context: EvaluationContext): Promise<Report>;
  /** The result for people. */
  lines(report: Report): string[];
  /** A PNG file beside the report: what it shows, such as "the confusion matrix". */
  readonly picture?: { readonly shows: string; draw(report: Report): Promise<Uint8Array> };
  result(report: Report): EvaluationResult;
}

/** What a study tells of an evaluation that trains: where its options are from, for messages. */
export interface TrainedOrigin {
  readonly origin: string;
}

/** An evaluation that trains the encoder: it leaves a run, which can be stopped and resumed. */
export interface TrainedEvaluation<Options extends z.ZodObject = z.ZodObject> extends Described<Options> {
  readonly trains: true;
  /** What each metric of a step means, in words, beside those of every training. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Throws ConfigError for options that no encoder of this shape can be trained with, before anything runs. */
  check(
    options: z.output<Options>,
    encoder: { readonly shape: EncoderShape; readonly fromScratch: boolean } & TrainedOrigin,
  ): void;
  /** Undefined where it was stopped before its end. */
  begin(
    request: EncoderRequest & TrainedOrigin & z.output<Options>,
    folder: string,
    options?: EventOptions,
  ): Promise<EvaluationResult | undefined>;
  resume(folder: string, options?: ResumeOptions): Promise<EvaluationResult | undefined>;
  /** Of a run that is finished; undefined where it is not. Throws DamagedFileError, StorageError. */
  finished(folder: string): EvaluationResult | undefined;
}

/** An evaluation of frozen encoders, or one that trains. */
export type Evaluation = FrozenEvaluation | TrainedEvaluation;

/** Checks the types of an evaluation against each other. */
export function frozenEvaluation<Options extends z.ZodObject, Report extends object>(
  evaluation: FrozenEvaluation<Options, Report>,
): FrozenEvaluation<Options, Report> {
  return evaluation;
}
