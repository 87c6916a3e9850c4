// Memory stays where it is over a long run.
import { expect, test } from "vitest";
import { compile } from "#src/engine/index.js";
import { defineProgram, gradients, input } from "#src/graph/index.js";

test("a thousand steps of a small training program take no more memory than the thousand before", async () => {
  const [x, weight, bias] = [input("x", [64, 128]), input("weight", [128, 128]), input("bias", [128])];
  const loss = x.linear(weight, bias).gelu().softmax().log().mean();
  const [toWeight, toBias] = gradients(loss, [weight, bias]) as [typeof weight, typeof bias];
  const step = defineProgram("step", {
    loss,
    newWeight: weight.sub(toWeight.mul(0.01)),
    newBias: bias.sub(toBias.mul(0.01)),
  });
  const executable = await compile(step, { threads: 1 });
  const random = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * 12.9898) / 8);
  const inputs = { x: random(64 * 128), weight: random(128 * 128), bias: random(128) };
  const outputs = { loss: new Float32Array(1), newWeight: new Float32Array(128 * 128), newBias: new Float32Array(128) };
  const binding = executable.bind(inputs, outputs);
  const losses: number[] = [];
  const run = async (count: number) => {
    for (let index = 0; index < count; index++) {
      await binding.run();
      inputs.weight.set(outputs.newWeight);
      inputs.bias.set(outputs.newBias);
      losses.push(outputs.loss[0]!);
    }
  };
  await run(1000);
  const before = process.memoryUsage.rss();
  await run(1000);
  // One leaked weight a step would be 64 MiB.
  expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(32);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
});
