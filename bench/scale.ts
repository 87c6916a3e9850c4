// Several processes beside one, what sums cost them, and what that leads to expect of many machines.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { resolveConfig } from "#src/config/config.js";
import { pretrainCost } from "#src/study/pretrain-cost.js";
import { type ExpectedEfficiency, expectEfficiency, fitSumCost, scaleAssumptions } from "./scale-model.js";
import type { ScaleAnswer, ScaleTask } from "./scale-worker.js";

const worker = fileURLToPath(new URL("./scale-worker.js", import.meta.url));
const BATCH = 128;
const SIZES = [1_000, 100_000, 1_000_000, 10_000_000, 86_000_000];

export interface ScaleOptions {
  readonly rounds: number;
  /** Of a process, for the model; by default what one process of this machine reaches. */
  readonly gflops?: number | undefined;
  /** Images of a process and step, for the model. */
  readonly images: number;
}

export interface StepsReport {
  readonly processes: number;
  readonly threads: number;
  /** Of MixedAE with micro, the batch of 128 divided among the processes. */
  readonly imagesPerSecond: number;
}

export interface SumReport {
  readonly values: number;
  readonly milliseconds: number;
}

/** In turns, so that what disturbs the machine disturbs all. Two processes need Open MPI's mpirun and koffi. */
export async function benchScale(
  { rounds, gflops, images }: ScaleOptions,
  say: (line: string) => void,
): Promise<(StepsReport | SumReport | ExpectedEfficiency)[]> {
  const settings = [
    { processes: 1, threads: 1 },
    { processes: 1, threads: 2 },
    { processes: 2, threads: 1 },
  ];
  const best = settings.map(() => 0);
  for (let turn = 0; turn < 3; turn++) {
    for (const [index, { processes, threads }] of settings.entries()) {
      say(`${processes} x ${threads} threads, turn ${turn + 1} of 3`);
      const [seconds] = ask(processes, { kind: "steps", threads, batchSize: BATCH, rounds });
      best[index] = Math.max(best[index]!, BATCH / seconds!);
    }
  }
  const steps = settings.map((setting, index) => ({ ...setting, imagesPerSecond: rounded(best[index]!) }));
  say("sums over two processes");
  const seconds = ask(2, { kind: "sums", sizes: SIZES, rounds });
  const sums = SIZES.map((values, index) => ({ values, milliseconds: rounded(1000 * seconds[index]!) }));
  const cost = fitSumCost(SIZES, seconds);
  say(`fitted: ${rounded(1e6 * cost.latency)} microseconds, and ${rounded(1e9 * cost.perValue)} ns a value`);
  const config = resolveConfig([{ origin: "bench", values: { source: ".", model: { preset: "micro" } } }]);
  const own = (2 * pretrainCost(config).multiplyAdds * best[1]!) / 1e9;
  const speed = gflops ?? own;
  for (const line of ["expected, where", ...scaleAssumptions(speed, images)]) say(line);
  return [...steps, ...sums, ...expectEfficiency(cost, speed, images)];
}

function ask(processes: number, task: ScaleTask): readonly number[] {
  const node = [process.execPath, worker, JSON.stringify(task)];
  const launched = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", String(processes), ...node];
  const [command, ...args] = processes === 1 ? node : launched;
  const environment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  const text = execFileSync(command!, args, { env: environment, encoding: "utf8" });
  return (JSON.parse(text) as ScaleAnswer).seconds;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
