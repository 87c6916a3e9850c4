// Normalisation between convolutions: over a batch, with running statistics for later use, or over groups of channels.
import type { Tensor } from "../graph/index.js";
import { ones, zeros } from "./initializers.js";
import type { Layer } from "./layers.js";
import type { ParameterScope } from "./parameters.js";

/** The kinds of normalisation: over batch and places, or over places and groups of channels. */
export const channelNormKinds = ["batch", "group"] as const;
/** Batch normalisation [Ioffe and Szegedy, 2015] or group normalisation [Wu and He, 2018]. */
export type ChannelNormKind = (typeof channelNormKinds)[number];

const EPSILON = 1e-5;
/** GroupNorm's own. */
const MOST_GROUPS = 32;
/** Ours: of fewer, each group would lose what tells places of one image from those of another. */
const LEAST_CHANNELS = 8;

/** Makes the normalisations of one model, and knows what a batch told them. */
export interface ChannelNorms {
  /** Maps [batch, channels, rows, columns] to the same shape; `weight` and `bias` [channels] in the scope. */
  layer(scope: ParameterScope, channels: number): Layer;
  /**
   * Of batch normalisation in training: the statistics of the batch, by the names that their running means have,
   * `running_mean` and `running_var` [channels] after the layer's name, as in PyTorch. Filled as layers are applied.
   */
  readonly statistics: ReadonlyMap<string, Tensor>;
}

/**
 * `mode`: "training" normalises by the batch itself; "frozen" by running statistics, which then are among the parameters of
 * the scope.
 */
export function channelNorms(kind: ChannelNormKind, mode: "training" | "frozen"): ChannelNorms {
  const statistics = new Map<string, Tensor>();
  return {
    statistics,
    layer(scope, channels) {
      const weight = scope.create("weight", [channels], ones);
      const bias = scope.create("bias", [channels], zeros);
      if (kind === "group") return (x) => x.groupNorm(groupsOf(channels), weight, bias, EPSILON);
      if (mode === "frozen") {
        const mean = scope.create("running_mean", [channels], zeros, { decay: false });
        const variance = scope.create("running_var", [channels], ones, { decay: false });
        return (x) => x.normalizeChannels(mean, variance, weight, bias, EPSILON);
      }
      return (x) => {
        const { normalized, mean, variance } = x.batchNorm(weight, bias, EPSILON);
        statistics.set(scope.nameOf("running_mean"), mean);
        statistics.set(scope.nameOf("running_var"), variance);
        return normalized;
      };
    },
  };
}

/** The most groups up to 32, of at least 8 channels each, that divide the channels. */
function groupsOf(channels: number): number {
  for (let groups = Math.min(MOST_GROUPS, Math.floor(channels / LEAST_CHANNELS)); groups > 1; groups--) {
    if (channels % groups === 0) return groups;
  }
  return 1;
}
