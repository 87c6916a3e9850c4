// A run that is held open for questions: what each patch attends to, in mixtures or in single images.

import { groupSize } from "../../config/config.js";
import { readRunConfig } from "../../training/run-config.js";
import type { Exploration } from "../api.js";
import type { GivenImage } from "../given-images.js";
import { openImageExplorer } from "./image-explorer.js";
import { openMixtureExplorer } from "./mixture-explorer.js";

export interface ExploreOptions {
  /** Says which images are looked at, and how they are mixed. */
  readonly seed: number;
  /** Whether the encoder is told which patches belong together, where the run has segment embeddings. */
  readonly segments: boolean;
  /** Images to look at; what is missing to a group is drawn from the run's own. None by default. */
  readonly given?: readonly GivenImage[];
}

/** A run that is held open: its images, its newest weights, and its program once it was asked for. */
export interface Explorer<Found extends Exploration = Exploration> {
  explore(options: ExploreOptions): Promise<Found>;
}

/**
 * Runs whose method mixes images show mixtures as it sees them; all others single images as the encoder sees them that is
 * transferred. Throws UnanswerableError where the model is too large for a page, and what reading the run and its images throws.
 */
export async function openExplorer(folder: string): Promise<Explorer> {
  const mixes = groupSize(readRunConfig(folder)) > 1;
  return mixes ? openMixtureExplorer(folder) : openImageExplorer(folder);
}
