// A method at work in a run: its step, what a batch gives it, and what its checkpoints hold.

import type { PretrainConfig } from "../config/config.js";
import type { Batch } from "../data/index.js";
import { type Arrays, type Combiner, openEngine } from "../engine/index.js";
import type { SafetensorsEntry } from "../formats/safetensors.js";
import type { MethodTraining, RunLength } from "../methods/method.js";
import { methodOf } from "../methods/registry.js";
import { decoderPositions, encoderPositions } from "../nn/positions.js";
import { initialValues } from "../optim/initial-values.js";
import type { Checkpoint } from "./checkpoints.js";
import { positionTensor, restoreState, stateTensors, tensorOf } from "./model-state.js";

export interface Learner extends Pick<MethodTraining, "training" | "encoder" | "step"> {
  /** What the step program is given for a batch: the images and all that is drawn for them. */
  inputsOf(batch: Batch): Arrays;
  /** All that a checkpoint holds, as views. */
  tensors(): Promise<SafetensorsEntry[]>;
  /** What it holds beside the training's own state. */
  readonly further: readonly Float32Array[];
  /** Puts the state of a checkpoint back. Throws CheckpointError where the tensors are not those expected. */
  restore(checkpoint: Checkpoint): Promise<void>;
}

/**
 * Compiles the step program of a configuration and starts its weights: at those that are given, as far as they go. Where
 * several processes train, the batch of the configuration is the share of this one.
 */
export async function createLearner(
  config: PretrainConfig,
  length: RunLength,
  given: ReadonlyMap<string, Float32Array> = new Map(),
  combiner?: Combiner,
): Promise<Learner> {
  const { model, seed, schedule } = config;
  const method = methodOf(config);
  const { training, encoder, step, state, start } = await method.train(
    config,
    length,
    openEngine(config.run),
    combiner,
  );
  for (const parameter of method.pretext(config, schedule.microBatch).parameters) {
    await training.values[parameter.name]!.write(given.get(parameter.name) ?? initialValues(parameter, seed));
  }
  await start();

  return {
    training,
    encoder,
    step,
    inputsOf: ({ views, step, epoch, firstImage }) => ({
      ...method.inputs(views),
      ...method.draw(config, schedule.batchSize, { seed, step, epoch, firstImage }),
    }),
    tensors: async () => [
      ...(await stateTensors(training)),
      positionTensor("pos_embed", model.width, encoderPositions(model)),
      ...(method.hasDecoder ? [positionTensor("decoder_pos_embed", model.decoderWidth, decoderPositions(model))] : []),
      ...Object.entries(state).map(([name, { shape, data }]) => ({ name, dtype: "F32", shape, data }) as const),
    ],
    further: Object.values(state).map(({ data }) => data),
    async restore(checkpoint) {
      await restoreState(training, checkpoint);
      for (const [name, { shape, data }] of Object.entries(state)) data.set(tensorOf(checkpoint, name, shape));
    },
  };
}
