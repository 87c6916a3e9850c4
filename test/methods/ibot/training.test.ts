// What happens to student, teacher and centres over the steps of iBOT.

import { describe, expect, test } from "vitest";
import { PROTOTYPES } from "#src/methods/ibot/head.js";
import { readCheckpoint, writeCheckpoint } from "#src/training/checkpoint-file.js";
import { restoreState, stateTensors } from "#src/training/model-state.js";
import { memoryOf } from "../../engine/host-memory.js";
import { temporaryFolder } from "../../files/temporary-folder.js";
import { options, tinyBatch, tinyIbot } from "./tiny-ibot.js";

const folder = temporaryFolder();
const learningRate = 1e-3;
const prototypes = `head.${PROTOTYPES}`;

describe("createIbotTraining", () => {
  test("a run that continues from its state makes the same steps, to the bit", async () => {
    const whole = await tinyIbot();
    const results = [];
    let saved: Record<string, Float32Array> = {};
    for (let step = 1; step <= 4; step++) {
      results.push(await whole.step(tinyBatch(step), { step, learningRate }));
      if (step === 2) {
        const { parameters, means, squares } = whole.student.state;
        const arrays = { parameters, means, squares, teacher: whole.teacher.arrays };
        const memories = Object.entries(arrays).map(([name, { memory }]) => [name, memory!] as const);
        const state = { ...Object.fromEntries(memories), ...whole.centres };
        saved = Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.slice()]));
      }
    }
    const resumed = await tinyIbot();
    for (const name of ["parameters", "means", "squares"] as const)
      resumed.student.state[name].memory!.set(saved[name]!);
    resumed.teacher.arrays.memory!.set(saved.teacher!);
    for (const name of ["clsCentre", "patchCentre"] as const) resumed.centres[name].set(saved[name]!);
    for (const step of [3, 4]) {
      expect(await resumed.step(tinyBatch(step), { step, learningRate })).toEqual(results[step - 1]);
    }
    expect(resumed.teacher.arrays.memory!).toEqual(whole.teacher.arrays.memory!);
    expect(resumed.student.state.parameters.memory).toEqual(whole.student.state.parameters.memory);
  });

  test("a checkpoint holds the teacher beside the student, and gives both back", async () => {
    const training = await tinyIbot();
    await training.step(tinyBatch(1), { step: 1, learningRate });
    const path = folder("step.safetensors");
    await writeCheckpoint(path, { step: 1, tensors: await stateTensors(training.student), metadata: {} });
    const restored = await tinyIbot();
    await restoreState(restored.student, await readCheckpoint(path));
    expect(restored.teacher.arrays.memory!).toEqual(training.teacher.arrays.memory!);
    expect(restored.student.state.parameters.memory).toEqual(training.student.state.parameters.memory);
    expect(restored.teacher.arrays.memory!).not.toEqual(restored.student.state.parameters.memory);
  });

  test("the prototypes stay as they are in the first epoch, and then move", async () => {
    const training = await tinyIbot({ stepsPerEpoch: 2 });
    const start = memoryOf(training.student.values[prototypes]).slice();
    for (const step of [1, 2]) await training.step(tinyBatch(step), { step, learningRate });
    expect(memoryOf(training.student.values[prototypes])).toEqual(start);
    expect(memoryOf(training.student.values["head.mlp.0.weight"])).not.toEqual(
      memoryOf(training.teacher.arrays.byName["head.mlp.0.weight"]),
    );
    await training.step(tinyBatch(3), { step: 3, learningRate });
    expect(memoryOf(training.student.values[prototypes])).not.toEqual(start);
  });

  test("two micro-batches make the step of one batch", async () => {
    const [parts, whole] = [await tinyIbot(), await tinyIbot({ microBatch: 4, microBatches: 1 })];
    const [a, b] = [
      await parts.step(tinyBatch(1), { step: 1, learningRate }),
      await whole.step(tinyBatch(1), { step: 1, learningRate }),
    ];
    for (const name of ["cls", "patch", "teacherEntropy", "prototypesInUse", "clsCentreNorm"] as const) {
      expect(a.metrics[name] as number, name).toBeCloseTo(b.metrics[name] as number, 5);
    }
    expect(a.gradientNorm).toBeCloseTo(b.gradientNorm, 4);
  });

  test("a step that is not finite leaves teacher and centres alone", async () => {
    const training = await tinyIbot();
    memoryOf(training.student.values["blocks.0.attn.qkv.weight"])[0] = Number.NaN;
    const [teacher, centre] = [training.teacher.arrays.memory!.slice(), training.centres.clsCentre.slice()];
    const { updated } = await training.step(tinyBatch(1), { step: 1, learningRate });
    expect(updated).toBe(false);
    expect(training.teacher.arrays.memory!).toEqual(teacher);
    expect(training.centres.clsCentre).toEqual(centre);
  });

  test("takes as many prototypes as the largest heads of the literature have", async () => {
    const training = await tinyIbot({ options: { ...options, prototypes: 131_072, headBottleneck: 4 } });
    const { metrics, updated } = await training.step(tinyBatch(1), { step: 1, learningRate });
    expect(updated).toBe(true);
    const squares = training.centres.clsCentre.reduce((sum, value) => sum + value ** 2, 0);
    expect(metrics.clsCentreNorm).toBeCloseTo(Math.sqrt(squares), 4);
  });

  test("figures lie where they can", async () => {
    const training = await tinyIbot();
    const { metrics } = await training.step(tinyBatch(1), { step: 1, learningRate });
    expect(metrics.teacherTemperature).toBe(options.teacherTemperatureStart);
    expect(metrics.teacherEntropy).toBeLessThanOrEqual(Math.log(options.prototypes));
    expect(metrics.divergence).toBeGreaterThan(0);
    expect(metrics.prototypesInUse).toBeGreaterThanOrEqual(1);
    expect(metrics.prototypesInUse).toBeLessThanOrEqual(options.prototypes);
  });
});
