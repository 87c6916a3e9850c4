// What happens to student, teacher and centres over the steps of a method with a teacher.

import { describe, expect, test } from "vitest";
import { PROTOTYPES } from "#src/methods/distillation/head.js";
import { readCheckpoint, writeCheckpoint } from "#src/training/checkpoint-file.js";
import { restoreState, stateTensors } from "#src/training/model-state.js";
import { memoryOf } from "../../engine/host-memory.js";
import { temporaryFolder } from "../../files/temporary-folder.js";
import { tinyMethods } from "./tiny-distillation.js";

const folder = temporaryFolder();
const learningRate = 1e-3;
const prototypes = `head.${PROTOTYPES}`;

describe.each(tinyMethods)("training $name", ({ create, batchOf, options, losses }) => {
  test("a run that continues from its state makes the same steps, to the bit", async () => {
    const whole = await create();
    const results = [];
    let saved: Record<string, Float32Array> = {};
    for (let step = 1; step <= 4; step++) {
      results.push(await whole.step(batchOf(step), { step, learningRate }));
      if (step === 2) {
        const { parameters, means, squares } = whole.student.state;
        const arrays = { parameters, means, squares, teacher: whole.teacher.arrays };
        const memories = Object.entries(arrays).map(([name, { memory }]) => [name, memory!] as const);
        const state: Record<string, Float32Array> = { ...Object.fromEntries(memories), ...whole.centres };
        saved = Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.slice()]));
      }
    }
    const resumed = await create();
    for (const name of ["parameters", "means", "squares"] as const)
      resumed.student.state[name].memory!.set(saved[name]!);
    resumed.teacher.arrays.memory!.set(saved.teacher!);
    for (const [name, centre] of Object.entries(resumed.centres)) centre.set(saved[name]!);
    for (const step of [3, 4]) {
      expect(await resumed.step(batchOf(step), { step, learningRate })).toEqual(results[step - 1]);
    }
    expect(resumed.teacher.arrays.memory!).toEqual(whole.teacher.arrays.memory!);
    expect(resumed.student.state.parameters.memory).toEqual(whole.student.state.parameters.memory);
  });

  test("a checkpoint holds the teacher beside the student, and gives both back", async () => {
    const training = await create();
    await training.step(batchOf(1), { step: 1, learningRate });
    const path = folder("step.safetensors");
    await writeCheckpoint(path, { step: 1, tensors: await stateTensors(training.student), metadata: {} });
    const restored = await create();
    await restoreState(restored.student, await readCheckpoint(path));
    expect(restored.teacher.arrays.memory!).toEqual(training.teacher.arrays.memory!);
    expect(restored.student.state.parameters.memory).toEqual(training.student.state.parameters.memory);
    expect(restored.teacher.arrays.memory!).not.toEqual(restored.student.state.parameters.memory);
  });

  test("the prototypes stay as they are in the first epoch, and then move", async () => {
    const training = await create({ stepsPerEpoch: 2 });
    const start = memoryOf(training.student.values[prototypes]).slice();
    for (const step of [1, 2]) await training.step(batchOf(step), { step, learningRate });
    expect(memoryOf(training.student.values[prototypes])).toEqual(start);
    expect(memoryOf(training.student.values["head.mlp.0.weight"])).not.toEqual(
      memoryOf(training.teacher.arrays.byName["head.mlp.0.weight"]),
    );
    await training.step(batchOf(3), { step: 3, learningRate });
    expect(memoryOf(training.student.values[prototypes])).not.toEqual(start);
  });

  test("two micro-batches make the step of one batch", async () => {
    const [parts, whole] = [await create(), await create({ microBatch: 4, microBatches: 1 })];
    const [a, b] = [
      await parts.step(batchOf(1), { step: 1, learningRate }),
      await whole.step(batchOf(1), { step: 1, learningRate }),
    ];
    for (const name of [...losses, "teacherEntropy", "prototypesInUse", "clsCentreNorm"]) {
      expect(a.metrics[name] as number, name).toBeCloseTo(b.metrics[name] as number, 5);
    }
    expect(a.gradientNorm).toBeCloseTo(b.gradientNorm, 4);
  });

  test("a step that is not finite leaves teacher and centres alone", async () => {
    const training = await create();
    memoryOf(training.student.values["blocks.0.attn.qkv.weight"])[0] = Number.NaN;
    const [teacher, centre] = [training.teacher.arrays.memory!.slice(), training.centres.clsCentre!.slice()];
    const { updated } = await training.step(batchOf(1), { step: 1, learningRate });
    expect(updated).toBe(false);
    expect(training.teacher.arrays.memory!).toEqual(teacher);
    expect(training.centres.clsCentre).toEqual(centre);
  });

  test("takes as many prototypes as the largest heads of the literature have", async () => {
    const training = await create({ options: { prototypes: 131_072, headBottleneck: 4 } });
    const { metrics, updated } = await training.step(batchOf(1), { step: 1, learningRate });
    expect(updated).toBe(true);
    const squares = training.centres.clsCentre!.reduce((sum, value) => sum + value ** 2, 0);
    expect(metrics.clsCentreNorm).toBeCloseTo(Math.sqrt(squares), 4);
  });

  test("metrics lie where they can", async () => {
    const training = await create();
    const { metrics } = await training.step(batchOf(1), { step: 1, learningRate });
    expect(metrics.teacherTemperature).toBe(options.teacherTemperatureStart);
    expect(metrics.teacherEntropy).toBeLessThanOrEqual(Math.log(options.prototypes));
    expect(metrics.divergence).toBeGreaterThan(0);
    expect(metrics.prototypesInUse).toBeGreaterThanOrEqual(1);
    expect(metrics.prototypesInUse).toBeLessThanOrEqual(options.prototypes);
  });
});
