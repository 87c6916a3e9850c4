// Training steps side by side: ours, the engine's raw matrix products on the same shapes, and PyTorch's where it is.

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openEngine } from "#src/engine/index.js";
import { countMultiplyAdds } from "#src/graph/index.js";
import { gradientProgram } from "#src/optim/gradient-program.js";
import { createTraining } from "#src/optim/training.js";
import { randomStream } from "#src/random/index.js";
import { rawProducts } from "./ceiling.js";
import { median, shareOfLimit } from "./measure.js";
import { torchStepMs } from "./torch.js";
import { type Workload, workloads } from "./workloads.js";

export interface StepReport {
  readonly name: string;
  readonly msPerStep: number;
  readonly gflops: number;
  readonly ceilingGflops: number;
  readonly shareOfCeiling: number;
  /** How many times faster than PyTorch; null where it is not installed. */
  readonly torchFloat32Ratio: number | null;
  readonly torchBfloat16Ratio: number | null;
  readonly peakMemoryMiB: number;
  /** Building, emitting and compiling the step's programs. */
  readonly compileMs: number;
}

export interface StepOptions {
  readonly threads: number;
  readonly rounds: number;
  readonly torch: boolean;
}

const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05 };

/** Measures every workload, each in a process of its own, so that its peak of memory is its own too. */
export async function benchSteps(options: StepOptions, report: (line: string) => void): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (const [index, workload] of workloads.entries()) {
    report(`measuring ${workload.name}`);
    const own = await inChildProcess(index, options);
    const float32 = options.torch ? torchStepMs(workload.torch, "float32", options.threads) : null;
    const bfloat16 = options.torch ? torchStepMs(workload.torch, "bfloat16", options.threads) : null;
    reports.push({
      ...own,
      torchFloat32Ratio: float32 === null ? null : rounded(float32 / own.msPerStep),
      torchBfloat16Ratio: bfloat16 === null ? null : rounded(bfloat16 / own.msPerStep),
    });
  }
  return reports;
}

type OwnReport = Omit<StepReport, "torchFloat32Ratio" | "torchBfloat16Ratio">;

async function measure(workload: Workload, { threads, rounds }: StepOptions): Promise<OwnReport> {
  const { microBatches } = workload;
  const began = performance.now();
  const model = workload.build();
  const training = await createTraining({
    ...model,
    name: workload.name,
    optimizer,
    microBatches,
    engine: openEngine({ threads }),
  });
  const compileMs = performance.now() - began;
  for (const { name, tensor, initialize } of model.parameters) {
    await training.values[name]!.write(initialize(tensor.shape, randomStream(0, name, 0, 0)));
  }
  const inputs = workload.inputs();
  let step = 0;
  const takeStep = async () => {
    const start = performance.now();
    await training.step(inputs, { step: ++step, learningRate: 1e-4 });
    return performance.now() - start;
  };
  await takeStep();
  await takeStep();
  const peakMemoryMiB = Math.round(process.resourceUsage().maxRSS / 1024);

  const program = gradientProgram(workload.name, model.loss, model.metrics, model.parameters);
  const productsMs = await rawProducts(program, threads);
  const [steps, products]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    steps.push(await takeStep());
    products.push((await productsMs()) * microBatches);
  }
  const gigaflops = (2 * countMultiplyAdds(program) * microBatches) / 1e9;
  const [stepMs, productMs] = [median(steps), median(products)];
  return {
    name: workload.name,
    msPerStep: rounded(stepMs),
    gflops: rounded((1000 * gigaflops) / stepMs),
    ceilingGflops: rounded((1000 * gigaflops) / productMs),
    shareOfCeiling: rounded(shareOfLimit(steps, products)),
    peakMemoryMiB,
    compileMs: Math.round(compileMs),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function inChildProcess(index: number, options: StepOptions): Promise<OwnReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [String(index), JSON.stringify(options)]);
    child.once("message", (message) => resolve(message as OwnReport));
    child.once("exit", (code) => reject(new Error(`measuring ${workloads[index]!.name} ended with code ${code}`)));
  });
}

if (process.send !== undefined) {
  const [index, options] = process.argv.slice(2) as [string, string];
  process.send(await measure(workloads[Number(index)]!, JSON.parse(options)));
  process.exit(0);
}
