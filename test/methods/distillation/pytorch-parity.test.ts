// iBOT and DINO against independent implementations in PyTorch: loss and gradients of a step, all state after three.

import { describe, expect, test } from "vitest";
import type { Arrays } from "#src/engine/index.js";
import type { SafetensorsEntry } from "#src/formats/safetensors.js";
import { memoryOf, viewsOf } from "../../engine/host-memory.js";
import { pytorchMissing, runPython } from "../../pytorch.js";
import { batch, normalization, optimizer, patches, shape, tinyMethods } from "./tiny-distillation.js";

const steps = 3;
const learningRate = 1e-3;

describe.skipIf(pytorchMissing !== undefined)(
  `parity with PyTorch${pytorchMissing ? ` (${pytorchMissing})` : ""}`,
  () => {
    test.each(tinyMethods)("loss, gradients, centres, teacher and parameters of $name", async ({
      name: method,
      options,
      losses,
      create,
      batchOf,
    }) => {
      const { student, teacher, centres, step } = await create();
      for (const [index, centre] of Object.values(centres).entries()) {
        for (let k = 0; k < centre.length; k++) centre[k] = 0.05 * Math.sin(k * (3 + index));
      }
      const inputs: Arrays = batchOf(0);
      const expected = runPython(
        `test/reference/${method}.py`,
        [
          ...student.state.parameters.tensors.map(({ name, shape }) => ({
            ...{ name: `parameters/${name}`, dtype: "F32" as const },
            ...{ shape, data: memoryOf(student.values[name]).slice() },
          })),
          ...Object.entries(inputs).flatMap(([name, data]) => (data instanceof Uint8Array ? [pixels(name, data)] : [])),
          ...(inputs.masks
            ? [{ name: "masks", dtype: "I32" as const, shape: [batch, 2, patches], data: inputs.masks as Int32Array }]
            : []),
          {
            name: "branchScales",
            dtype: "F32",
            shape: [batch, 2 + options.localCrops, shape.depth, 2],
            data: inputs.branchScales as Float32Array,
          },
          ...Object.entries(centres).map(([name, data]) => ({
            ...{ name, dtype: "F32" as const, shape: [data.length], data: Float32Array.from(data) },
          })),
        ],
        {
          ...shape,
          ...optimizer,
          ...options,
          extent: [4, 6],
          clipNorm: options.parameterClipNorm,
          temperatureWarmupSteps: options.teacherTemperatureWarmupEpochs,
          frozenSteps: options.lastLayerFrozenEpochs,
          learningRate,
          steps,
          total: 10,
        },
      );
      const reference = (name: string) => expected.get(name)!.data as Float64Array;

      const first = await step(inputs, { step: 1, learningRate });
      expect(difference([first.loss], reference("loss"))).toBeLessThan(1e-5);
      for (const name of losses) {
        expect(difference([first.metrics[name] as number], reference(name)), name).toBeLessThan(1e-5);
      }
      const slopes = viewsOf(student.state.gradients);
      let clipped = 0;
      for (const [name, values] of Object.entries(slopes)) {
        const theirs = reference(`gradients/${name}`);
        const scale = Math.min(1, options.parameterClipNorm / (Math.hypot(...theirs) + 1e-6));
        if (scale < 1) clipped += 1;
        // Ours are sums over two micro-batches.
        const [ours, wanted] = [values.map((value) => value / 2), theirs.map((value) => value * scale)];
        expect(
          difference(withoutKeyBias(name, ours), withoutKeyBias(name, wanted)),
          `gradient of ${name}`,
        ).toBeLessThan(1e-4);
      }
      expect(clipped).toBeGreaterThan(0);
      expect(clipped).toBeLessThan(student.state.parameters.tensors.length);

      for (let number = 2; number <= steps; number++) await step(inputs, { step: number, learningRate });
      for (const { name } of student.state.parameters.tensors) {
        const compare = (values: Float32Array, other: string) =>
          difference(withoutKeyBias(name, values), withoutKeyBias(name, reference(`${other}/${name}`)));
        expect(compare(memoryOf(student.values[name]), "after"), `${name} after three steps`).toBeLessThan(1e-4);
        expect(compare(memoryOf(teacher.arrays.byName[name]), "teacher"), `the teacher's ${name}`).toBeLessThan(1e-4);
      }
      for (const [name, centre] of Object.entries(centres)) {
        expect(difference(centre, reference(name)), name).toBeLessThan(1e-4);
      }
    });
  },
);

/** Images [batch, height, width, 3], half as wide again as high, as PyTorch has them: normalised, channels first. */
function pixels(name: string, data: Uint8Array): SafetensorsEntry {
  const area = data.length / batch / 3;
  const height = Math.sqrt(area / 1.5);
  const values = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const [channel, place] = [index % 3, Math.floor(index / 3)];
    const [image, cell] = [Math.floor(place / area), place % area];
    const value = (data[index]! / 255 - normalization.mean[channel]!) / normalization.std[channel]!;
    values[(image * 3 + channel) * area + cell] = value;
  }
  return { name, dtype: "F32", shape: [batch, 3, height, 1.5 * height], data: values };
}

/** A bias on all keys has a gradient of zero in theory and of rounding noise in practice, which AdamW scales up. */
function withoutKeyBias(name: string, values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const third = list.length / 3;
  return name.endsWith("qkv.bias") ? list.filter((_, index) => index < third || index >= 2 * third) : list;
}

/** |a - b| / |b|, the Euclidean norms over all elements. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const errors = Array.from(a, (value, index) => value - b[index]!);
  return Math.hypot(...errors) / Math.hypot(...Array.from(b));
}
