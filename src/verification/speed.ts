// How fast a device multiplies matrices, and how fast it pre-trains the paper's model.
import { settleConfig } from "../config/config.js";
import { type DeviceOptions, openEngine } from "../engine/index.js";
import { measureMemory } from "../engine/machine.js";
import { countMultiplyAdds, defineProgram, input } from "../graph/index.js";
import { methodOf } from "../methods/registry.js";
import { gradientProgram } from "../optim/gradient-program.js";
import { initialValues } from "../optim/initial-values.js";
import { planTraining } from "../optim/training.js";
import { batchInputs } from "./method-steps.js";

/** Images and steps of the measurement; the first step also prepares what later ones use. */
const IMAGES = 16;
const STEPS = 3;
/** A device that would take longer than this for a step is not asked to. */
const MOST_SECONDS = 30;

/** MixedAE with ViT-Base/16 at 224 pixels. */
export interface TrainingSpeed {
  readonly imagesPerSecond: number;
  /** Of the speed of its products alone. */
  readonly shareOfProducts: number;
}

/** Billions of operations a second (a multiplication and an addition are two) in products of square matrices. */
export async function productSpeed(device: DeviceOptions): Promise<number> {
  const small = await timeProducts(device, 256);
  // Eight products of this size would take a slow device, such as a GPU in software, minutes.
  return small < 5 ? small : await timeProducts(device, 1024);
}

const PRODUCTS = 8;

async function timeProducts(device: DeviceOptions, side: number): Promise<number> {
  const [first, weight] = [input("first", [side, side]), input("weight", [side, side])];
  const chain = Array.from({ length: PRODUCTS }).reduce(
    (x: typeof first) => x.matmul(weight, { scale: 1 / side }),
    first,
  );
  const executable = await openEngine(device).compile(defineProgram("products", { total: chain.sum() }));
  const inputs = { first: new Float32Array(side * side).fill(1), weight: new Float32Array(side * side).fill(1) };
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    await executable.run(inputs);
    fastest = Math.min(fastest, performance.now() - began);
  }
  return (2 * PRODUCTS * side ** 3) / 1e6 / fastest;
}

/** Some steps of training, or in words why there are none. Throws EngineError. */
export async function trainingSpeed(device: DeviceOptions, gigaflops: number): Promise<TrainingSpeed | string> {
  const schedule = { batchSize: IMAGES, microBatch: IMAGES, steps: STEPS, epochs: null };
  const config = settleConfig({ method: "mixedae", source: "images", model: { preset: "base" }, schedule });
  const method = methodOf(config);
  const engine = openEngine(device);
  const { loss, metrics, parameters } = method.pretext(config, IMAGES);
  const program = gradientProgram("speed", loss, metrics, parameters);
  const gigaoperations = (2 * countMultiplyAdds(program)) / 1e9;
  const expected = gigaoperations / gigaflops;
  if (expected > MOST_SECONDS) return `a step of ${IMAGES} images would take more than ${Math.round(expected)} s`;
  const { arrayBytes, programBytes } = planTraining({ name: "speed", loss, metrics, parameters, engine });
  if (1.4 * (arrayBytes + programBytes) > measureMemory().availableBytes) return "there is not enough free memory";

  const { training, step, start } = await method.train(config, { totalSteps: STEPS, stepsPerEpoch: STEPS }, engine);
  try {
    for (const parameter of parameters) await training.values[parameter.name]!.write(initialValues(parameter, 0));
    await start();
    const inputs = batchInputs(config);
    let fastest = Number.POSITIVE_INFINITY;
    for (let number = 1; number <= STEPS; number++) {
      const began = performance.now();
      const { updated } = await step(inputs, { step: number, learningRate: 1e-4 });
      if (!updated) return "its loss is no number";
      fastest = Math.min(fastest, (performance.now() - began) / 1000);
    }
    return { imagesPerSecond: IMAGES / fastest, shareOfProducts: gigaoperations / fastest / gigaflops };
  } finally {
    training.dispose();
  }
}
