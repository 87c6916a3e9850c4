// Mixtures of a run's own images as its newest checkpoint sees them.

import { groupSize } from "../../config/config.js";
import { openSource } from "../../data/index.js";
import { openEngine } from "../../engine/index.js";
import { openReconstructingRun } from "../../training/reconstruct.js";
import { readReconstructingConfig } from "../../training/run-config.js";
import type { ExploredMixture } from "../api.js";
import { checkAttention } from "./attention-limit.js";
import { exploredImages } from "./explored-images.js";
import type { Explorer } from "./explorer.js";
import { mixtureExploration } from "./mixture-exploration.js";

/** Throws UnanswerableError where its attention is too much for a page, and what reading the run and its images throws. */
export async function openMixtureExplorer(folder: string): Promise<Explorer<ExploredMixture>> {
  checkAttention(readReconstructingConfig(folder), 1);
  const { config, weights, step } = await openReconstructingRun(folder, () => {});
  const source = await openSource(config.source, { split: config.data.split });
  // One thread: a training beside it keeps the others.
  const exploration = mixtureExploration(config, weights, openEngine({ device: "cpu", threads: 1 }));
  return {
    async explore({ seed, segments, given = [] }) {
      const pixels = await exploredImages(source, config, seed, given, groupSize(config));
      return exploration.explore(pixels, seed, segments, step);
    },
  };
}
