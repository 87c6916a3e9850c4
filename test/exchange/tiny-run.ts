// A tiny model of MixedAE with every part that a run's checkpoints may have.

import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import type { SafetensorsEntry } from "#src/formats/safetensors.js";
import { methodOf } from "#src/methods/registry.js";
import { randomStream } from "#src/random/index.js";
import type { ModelDescription } from "#src/training/model-description.js";
import { reconstructing } from "../training/tiny-run.js";

const assignments = [
  "source=/pictures",
  "model.imageSize=8",
  "model.patchSize=4",
  "model.width=8",
  "model.depth=1",
  "model.heads=2",
  "model.mlpRatio=2",
  "model.decoderWidth=8",
  "model.decoderDepth=1",
  "model.decoderHeads=2",
  "methodOptions.mixingRatio=0.5",
  "methodOptions.homologousFrom=0",
  "methodOptions.projectionHead=true",
  "methodOptions.decoderSegmentEmbedding=true",
  "schedule.batchSize=4",
];

export const tinyConfig = reconstructing(resolveConfig([layerFromAssignments(assignments)]));

export const tinyModel: ModelDescription = {
  shape: { imageSize: 8, patchSize: 4, width: 8, depth: 1, heads: 2, mlpRatio: 2 },
  decoder: { decoderWidth: 8, decoderDepth: 1, decoderHeads: 2 },
  normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  background: [255, 255, 255],
};

/** Random weights; `norm.weight` is filled with the step. */
export function checkpointEntries(step: number): SafetensorsEntry[] {
  const entry = (name: string, shape: readonly number[]): SafetensorsEntry => {
    const stream = randomStream(step, name, 0, 0);
    const size = shape.reduce((product, each) => product * each, 1);
    const data = Float32Array.from({ length: size }, () => (name === "norm.weight" ? step : 0.2 * stream.normal()));
    return { name, dtype: "F32", shape, data };
  };
  const { parameters } = methodOf(tinyConfig).pretext(tinyConfig, 4);
  return [
    ...parameters.map(({ name, tensor }) => entry(name, tensor.shape)),
    ...parameters.map(({ name, tensor }) => entry(`optimizer.mean.${name}`, tensor.shape)),
    entry("pos_embed", [1, 5, 8]),
    entry("decoder_pos_embed", [1, 5, 8]),
  ];
}
