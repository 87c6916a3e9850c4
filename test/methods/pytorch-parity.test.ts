// MAE, SimMIM, naive mixing and MixedAE against an independent implementation in PyTorch, from the same weights and plan.
import { describe, expect, test } from "vitest";
import { type ImageSides, sizeOf } from "#src/data/index.js";
import { openEngine } from "#src/engine/index.js";
import { input } from "#src/graph/index.js";
import { mixedAeDefaults } from "#src/methods/mixed-ae-options.js";
import { evaluatePretext } from "#src/methods/pretext-evaluation.js";
import { pretextModel } from "#src/methods/pretext-program.js";
import { createMethod, type MethodChoice } from "#src/methods/registry.js";
import { AdamwOptimizer, type ParameterGroup } from "#src/optim/adamw-optimizer.js";
import { randomStream } from "#src/random/index.js";
import { viewsOf } from "../engine/host-memory.js";
import { pytorchMissing, runPython } from "../pytorch.js";

const colours = {
  patchSize: 4,
  width: 24,
  depth: 3,
  heads: 3,
  mlpRatio: 4,
  decoderWidth: 16,
  decoderDepth: 2,
  decoderHeads: 2,
};
const batch = 8;
const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05 };
const cases: readonly (readonly [string, MethodChoice, number?, ImageSides?])[] = [
  ["MAE", { name: "mae", options: { maskRatio: 0.75, normPixels: true } }],
  ["MAE on plain pixels", { name: "mae", options: { maskRatio: 0.5, normPixels: false } }],
  ["SimMIM", { name: "simmim", options: { maskRatio: 0.6, maskUnit: 2 } }],
  ["SimMIM with single patches", { name: "simmim", options: { maskRatio: 0.3, maskUnit: 1 } }],
  ["naive mixing", { name: "mixing", options: { mixingRatio: 0.25, mode: "compose", normPixels: true } }],
  ["naive mixing, full", { name: "mixing", options: { mixingRatio: 0.5, mode: "full", normPixels: true } }],
  ["MixedAE", { name: "mixedae", options: mixedAeDefaults }],
  ["MixedAE, full", { name: "mixedae", options: { ...mixedAeDefaults, mode: "full" } }],
  [
    "MixedAE with every switch turned over",
    {
      name: "mixedae",
      options: {
        ...mixedAeDefaults,
        segmentEmbedding: false,
        decoderSegmentEmbedding: true,
        projectionHead: true,
        homologousFrom: 0,
        clsCompetes: true,
      },
    },
  ],
  [
    "MixedAE with segment embeddings for some groups",
    { name: "mixedae", options: { ...mixedAeDefaults, segmentShare: 0.5, mixingRatio: 0.5, mode: "full" } },
  ],
  [
    "MixedAE with segment embeddings that the second block does not get, in groups that become fewer",
    { name: "mixedae", options: { ...mixedAeDefaults, segmentSteps: 2, segmentBlocks: 1, homologousFrom: 0 } },
  ],
  [
    "MixedAE without recognition losses",
    { name: "mixedae", options: { ...mixedAeDefaults, contrastive: false, mixingRatio: 0.5 } },
  ],
  ["MixedAE with ordinary attention", { name: "mixedae", options: { ...mixedAeDefaults, homologousAttention: false } }],
  ["MAE of grey images", { name: "mae", options: { maskRatio: 0.75, normPixels: true } }, 1],
  ["SimMIM of images of four channels", { name: "simmim", options: { maskRatio: 0.6, maskUnit: 2 } }, 4],
  ["MixedAE of images of five channels", { name: "mixedae", options: mixedAeDefaults }, 5],
  ["MAE of wide images", { name: "mae", options: { maskRatio: 0.75, normPixels: true } }, 3, [16, 28]],
  ["SimMIM of wide images", { name: "simmim", options: { maskRatio: 0.6, maskUnit: 2 } }, 3, [16, 28]],
  ["MixedAE of high images", { name: "mixedae", options: mixedAeDefaults }, 3, [32, 12]],
  ["MixedAE of wide images, full", { name: "mixedae", options: { ...mixedAeDefaults, mode: "full" } }, 1, [8, 24]],
];

describe.skipIf(pytorchMissing !== undefined)(
  `parity with PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`,
  () => {
    test.each<[string, MethodChoice, number, ImageSides]>(
      cases.map(([name, choice, channels = 3, imageSize = 24]) => [name, choice, channels, imageSize]),
    )("%s: loss, every gradient, and the parameters after five AdamW steps", async (_, choice, channels, imageSize) => {
      const shape = { ...colours, channels, imageSize };
      const { width, height } = sizeOf(imageSize);
      const method = createMethod(choice, shape);
      const { parameters } = pretextModel(method, input("images", [batch, height, width, channels]));
      // Biases and norms start away from their neutral values, so that nothing hides behind a zero or a one.
      const weights = Object.fromEntries(
        parameters.map(({ name, tensor, initialize }) => {
          const stream = randomStream(7, name, 0, 0);
          return [name, initialize(tensor.shape, stream).map((value) => value + 0.05 * stream.normal())];
        }),
      );
      const stream = randomStream(7, "images", 0, 0);
      const images = Float32Array.from({ length: batch * channels * height * width }, () => stream.normal());
      const rows = batch / method.groupSize;
      const plan = new Int32Array(rows * method.planColumns);
      for (let row = 0; row < rows; row++) {
        plan.set(method.drawPlanRow(randomStream(7, "plan", 0, row), 2), row * method.planColumns);
      }

      const expected = runPython(
        "test/reference/reference.py",
        [
          ...parameters.map(({ name, tensor }) => {
            return { name: `parameters/${name}`, dtype: "F32", shape: tensor.shape, data: weights[name]! } as const;
          }),
          { name: "images", dtype: "F32", shape: [batch, channels, height, width], data: images },
          {
            name: `plan/${method.planName}`,
            dtype: "I64",
            shape: [rows, method.planColumns],
            data: BigInt64Array.from(plan, BigInt),
          },
        ],
        { ...referenceConfig(choice), channels, imageSize },
      );
      const reference = (name: string) => Float64Array.from(expected.get(name)!.data as Float64Array);

      const evaluate = (values: Record<string, Float32Array>) =>
        evaluatePretext({ shape, method: choice, parameters: values, images, batch, plan });
      const result = await evaluate(weights);
      expect(difference([result.loss], reference("loss"))).toBeLessThan(1e-5);
      expect(difference(result.prediction, reference("prediction"))).toBeLessThan(1e-5);
      for (const [name, values] of Object.entries(result.metrics)) {
        expect(difference(values, reference(name)), name).toBeLessThan(1e-5);
      }
      for (const { name } of parameters) {
        const [ours, theirs] = [result.gradients[name]!, reference(`gradients/${name}`)].map((values) =>
          withoutKeyBias(name, values),
        );
        expect(difference(ours!, theirs!), `gradient of ${name}`).toBeLessThan(1e-4);
      }

      const after = await train(
        parameters.map(({ name, tensor, decay }) => ({
          name,
          shape: tensor.shape,
          group: { decays: decay, learningRateScale: 1 },
        })),
        weights,
        5,
        evaluate,
      );
      for (const { name } of parameters) {
        const [ours, theirs] = [after[name]!, reference(`after/${name}`)].map((values) => withoutKeyBias(name, values));
        expect(difference(ours!, theirs!), `${name} after five steps`).toBeLessThan(1e-4);
      }
    });
  },
);

type Evaluate = (
  values: Record<string, Float32Array>,
) => Promise<{ gradients: Readonly<Record<string, Float32Array>> }>;

/** Takes steps with the project's own optimizer. */
async function train(
  tensors: readonly { name: string; shape: readonly number[]; group: ParameterGroup }[],
  weights: Record<string, Float32Array>,
  steps: number,
  evaluate: Evaluate,
): Promise<Record<string, Float32Array>> {
  const groups = [true, false].map((decays) => ({ decays, learningRateScale: 1 }));
  const engine = openEngine();
  const places = tensors.map((tensor) => ({
    ...tensor,
    group: groups.find(({ decays }) => decays === tensor.group.decays)!,
  }));
  const state = {
    parameters: await engine.allocate(places),
    gradients: await engine.allocate(places),
    means: await engine.allocate(places),
    squares: await engine.allocate(places),
  };
  const [values, slopes] = [viewsOf(state.parameters), viewsOf(state.gradients)];
  for (const { name } of tensors) values[name]!.set(weights[name]!);
  const adamw = await AdamwOptimizer.create(engine, state, optimizer);
  for (let step = 1; step <= steps; step++) {
    const { gradients } = await evaluate(values);
    for (const { name } of tensors) slopes[name]!.set(gradients[name]!);
    await adamw.update({ step, ...optimizer, gradientScale: 1 });
  }
  return values;
}

/**
 * A bias on all keys shifts each row of logits by a constant, which softmax ignores: its gradient is exactly zero in
 * theory and rounding noise in practice, which AdamW then scales up. It is left out of the comparison.
 */
function withoutKeyBias(name: string, values: Float32Array | Float64Array): number[] {
  if (!name.endsWith("qkv.bias")) return [...values];
  const third = values.length / 3;
  return [...values].filter((_, index) => index < third || index >= 2 * third);
}

/** |a - b| / |b|, the Euclidean norms over all elements. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [squares, total] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    squares += (a[i]! - b[i]!) ** 2;
    total += b[i]! ** 2;
  }
  return Math.sqrt(squares / total);
}

function referenceConfig({ name, options }: MethodChoice): object {
  const mixing = name === "mixing" || name === "mixedae" ? { ...mixedAeDefaults, ...options } : mixedAeDefaults;
  // Which groups have segment embeddings is part of the plan.
  const { mixingRatio, segmentShare: _, segmentSteps: __, ...switches } = mixing;
  const normPixels = "normPixels" in options && options.normPixels;
  return {
    method: name,
    ...colours,
    ...switches,
    normPixels,
    groupSize: Math.round(1 / mixingRatio),
    steps: 5,
    optimizer,
    dtype: "float64",
  };
}
