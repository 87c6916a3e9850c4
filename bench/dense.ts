// One training step of ViT-Base for segmentation at 512 pixels and for detection at 1,024, one image at a time, beside PyTorch.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openEngine } from "#src/engine/index.js";
import { allocate, countMultiplyAdds, sizeOf } from "#src/graph/index.js";
import { type DetectorShape, detectorInTraining, levelsOf } from "#src/heads/detection/detector.js";
import { regionLevels } from "#src/heads/detection/pyramid-levels.js";
import { type SegmenterShape, segmenterInTraining } from "#src/heads/segmenter.js";
import type { Parameter } from "#src/nn/parameters.js";
import { modelPresets } from "#src/nn/presets.js";
import { gradientProgram } from "#src/optim/gradient-program.js";
import { createTraining } from "#src/optim/training.js";
import { randomStream } from "#src/random/index.js";
import { torchDenseStep } from "./torch.js";

const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const encoder = { ...modelPresets.base, imageSize: 224, patchSize: 16 };

/** MAE's recipe on ADE20K, but for relative positions. */
const segmentation: SegmenterShape = {
  ...{ encoder, classes: 150, imageSize: 512, head: "upernet", channels: 768, auxiliaryChannels: 256, norm: "batch" },
  ...{ windows: null, relativePositions: false },
};

/** ViTDet's on COCO, but for relative positions. */
const detection: DetectorShape = {
  ...{ encoder, classes: 80, imageSize: 1024, pyramid: "simple", finest: 4, channels: 256, anchorScale: 8 },
  ...{ proposalConvolutions: 2, boxConvolutions: 4, boxWidth: 1024, masks: true, maskConvolutions: 4 },
  ...{ windows: { side: 14, globalBlocks: [2, 5, 8, 11] }, relativePositions: false },
};
const sampling = { anchors: 256, regions: 512, boxBeta: 0, dropPath: 0 };

const workloads = ["segmentation", "detection"] as const;
type Workload = (typeof workloads)[number];

export interface DenseReport {
  readonly workload: Workload;
  /** Forward, backward and AdamW. */
  readonly seconds: number;
  /** Of the forward pass that proposes regions, which a step of detection begins with. */
  readonly proposalSeconds: number | null;
  readonly peakMemoryGiB: number;
  /** Of products of matrices and convolutions, forward and backward, in thousands of millions. */
  readonly gigaMultiplyAdds: number;
  readonly torchSeconds: number | null;
  readonly torchPeakMemoryGiB: number | null;
}

/** Each in a process of its own, one after the other. */
export async function benchDense(
  { threads, torch }: { readonly threads: number; readonly torch: boolean },
  say: (line: string) => void,
): Promise<DenseReport[]> {
  const reports: DenseReport[] = [];
  for (const workload of workloads) {
    say(`one step of ${workload}`);
    const ours = await inChildProcess(workload, threads);
    say(JSON.stringify(ours));
    say("the same in PyTorch");
    const theirs = torch ? torchDenseStep(workload, threads) : null;
    if (theirs !== null) say(JSON.stringify(theirs));
    reports.push({
      ...ours,
      torchSeconds: theirs?.seconds ?? null,
      torchPeakMemoryGiB: theirs?.peakMemoryGiB ?? null,
    });
  }
  return reports;
}

type OwnReport = Omit<DenseReport, "torchSeconds" | "torchPeakMemoryGiB">;

function inChildProcess(workload: Workload, threads: number): Promise<OwnReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [workload, String(threads)]);
    child.once("message", (message) => resolve(message as OwnReport));
    child.once("exit", (code) => reject(new Error(`the step of ${workload} ended with code ${code}`)));
  });
}

async function measure(workload: Workload, threads: number): Promise<OwnReport> {
  const engine = openEngine({ threads });
  const detector = workload === "detection" ? detectorInTraining(detection, 1, normalization, sampling) : undefined;
  const { loss, metrics, parameters } =
    detector ?? segmenterInTraining(segmentation, 1, normalization, { dropout: 0, dropPath: 0, auxiliaryWeight: 0.4 });
  const training = await createTraining({
    ...{ name: workload, loss, metrics, seed: 0, engine },
    parameters,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05 },
  });
  const inputs = Object.fromEntries(
    [...training.inputs].map(([name, { dtype, shape }]) => [name, allocate(dtype, sizeOf(shape))]),
  );
  const draws = randomStream(0, "bench", 0, 0);
  const fill = (name: string, next: () => number) => {
    const array = inputs[name];
    for (let place = 0; array !== undefined && place < array.length; place++) array[place] = next();
  };
  fill("images", () => draws.integer(256));
  fill("labels", () => draws.integer(segmentation.classes));
  if (detector !== undefined) fillDetection(fill, draws);
  const proposalSeconds = detector ? await secondsOf(await proposer(detector.proposals, parameters)) : null;
  const step = (number: number) => training.step(inputs, { step: number, learningRate: 1e-5 });
  await step(1);
  const began = performance.now();
  await step(2);
  const seconds = (performance.now() - began) / 1000;
  return {
    workload,
    seconds: Number(seconds.toFixed(2)),
    proposalSeconds,
    peakMemoryGiB: Number((process.resourceUsage().maxRSS / 2 ** 20).toFixed(1)),
    gigaMultiplyAdds: Math.round(countMultiplyAdds(gradientProgram(workload, loss, {}, parameters)) / 1e9),
  };

  async function proposer(program: NonNullable<typeof detector>["proposals"], all: readonly Parameter[]) {
    const executable = await engine.compile(program);
    const weights = all.map(({ name }) => [name, training.values[name]!] as const);
    const given = Object.fromEntries(weights.filter(([name]) => program.inputs.has(name)));
    return () => executable.run({ ...given, images: inputs.images! });
  }
}

async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  await run();
  const began = performance.now();
  await run();
  return Number(((performance.now() - began) / 1000).toFixed(2));
}

function fillDetection(fill: (name: string, next: () => number) => void, draws: ReturnType<typeof randomStream>): void {
  const { imageSize, classes } = detection;
  const levels = levelsOf(detection);
  let edge = 0;
  const corner = [0, 0];
  fill("regions", () => {
    const side = edge++ % 4;
    if (side < 2) {
      corner[side] = draws.uniform() * imageSize * 0.7;
      return corner[side]!;
    }
    return corner[side - 2]! + 16 + draws.uniform() * imageSize * 0.25;
  });
  fill("regionLevel", () => draws.integer(regionLevels(levels).length));
  fill("regionClass", () => draws.integer(classes));
  for (const name of ["anchorWeight", "regionWeight", "maskWeight"]) fill(name, () => 1 / sampling.regions);
  fill("anchorIndex", () => draws.integer(1000));
  fill("maskTarget", () => draws.integer(2));
}

if (process.send !== undefined) {
  const [workload, threads] = process.argv.slice(2) as [Workload, string];
  process.send(await measure(workload, Number(threads)));
  process.exit(0);
}
