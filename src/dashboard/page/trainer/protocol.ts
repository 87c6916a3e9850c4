// What the page and its worker tell each other.

import type { PageStep, PretrainChoices, ReconstructedImage } from "../../../browser/index.js";
import type { ExploredMixture } from "../../api.js";

/** Images that come with the page, or files. */
export type TrainingImages =
  | { readonly kind: "built-in" }
  | { readonly kind: "files"; readonly files: readonly File[] };

/** What computes: the processor, or a GPU by WebGPU. */
export type Device = "cpu" | "webgpu";

/** What is chosen of a new training, or a checkpoint to go on from. */
export type TrainingStart =
  | { readonly kind: "choices"; readonly chosen: PretrainChoices }
  | { readonly kind: "checkpoint"; readonly name: string; readonly bytes: Uint8Array };

export type Order =
  | {
      readonly type: "begin";
      readonly from: TrainingStart;
      readonly images: TrainingImages;
      readonly device: Device;
      readonly threads: number;
    }
  | { readonly type: "pause" }
  | { readonly type: "go on" }
  | { readonly type: "explore"; readonly seed: number; readonly segments: boolean }
  | { readonly type: "checkpoint" };

/** What is known once a training is ready. */
export interface Begun {
  readonly method: string;
  readonly model: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly batchSize: number;
  readonly images: number;
  /** Images that could not be read, with what the last of them was. */
  readonly skipped: number;
  readonly skippedBecause: string;
  readonly groupSize: number;
  /** The block of the encoder that the first value of a metric by block is of, counted from 0. */
  readonly firstBlock: number;
}

export type Notice =
  | { readonly type: "doing"; readonly words: string }
  | { readonly type: "begun"; readonly begun: Begun }
  | { readonly type: "step"; readonly step: PageStep }
  | { readonly type: "pictures"; readonly step: number; readonly images: readonly ReconstructedImage[] }
  | { readonly type: "explored"; readonly found: ExploredMixture }
  | { readonly type: "checkpoint"; readonly step: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "paused" }
  | { readonly type: "finished" }
  | { readonly type: "problem"; readonly words: string };
