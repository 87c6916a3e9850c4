// Whether a device computes what it should, and how fast: every operation, a step of every method, and two speeds.
import { type Arrays, type DeviceOptions, EngineError } from "../engine/index.js";
import type { Program } from "../graph/index.js";
import { sizeOf } from "../graph/index.js";
import { methodNames } from "../methods/registry.js";
import { adamwProgram, adamwScalars } from "../optim/adamw.js";
import { randomStream } from "../random/index.js";
import { deviationOf, exactValues } from "./deviation.js";
import { methodStep } from "./method-steps.js";
import { operationCases, operationPrograms } from "./operation-cases.js";
import { productSpeed, type TrainingSpeed, trainingSpeed } from "./speed.js";

/** One thing that was compared with the same in double precision. */
export interface Verified {
  readonly kind: "operation" | "method";
  readonly name: string;
  /** The largest difference relative to the largest value; null where there is none to give. */
  readonly deviation: number | null;
  /** The same of the CPU in single precision, as a measure; null where the CPU is what is verified. */
  readonly cpuDeviation: number | null;
  /** Which result is furthest off. */
  readonly output?: string;
  /** What the engine said where it could not compute it. */
  readonly error?: string;
  readonly passed: boolean;
}

/** What became of a verification. */
export interface Verification {
  readonly device: string;
  readonly checks: readonly Verified[];
  /** Billions of operations a second in matrix products. */
  readonly productGigaflops: number | null;
  /** MixedAE with ViT-Base/16, or in words why it was not timed. */
  readonly training: TrainingSpeed | string;
  /** Whether every check passed. */
  readonly passed: boolean;
}

/**
 * How far single precision may be off. Operations reached 1e-6 and whole steps 5e-6 on a CPU and on WebGPU in software;
 * with products in half precision they reach 1e-3 and more.
 */
const TOLERANCE = { operation: 1e-5, method: 1e-4 } as const;

/** What is measured, and who is told. */
export interface VerificationOptions {
  /** Is told what is about to be done, and how much of all came before. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
  /** Whether speeds are measured too; true by default. */
  readonly measuresSpeed?: boolean;
}

/** Compares a device, by its name and threads, with the CPU in double precision. A failed check is part of the result. */
export async function verifyDevice(
  device: DeviceOptions & { readonly device: string },
  { onProgress = () => {}, measuresSpeed = true }: VerificationOptions = {},
): Promise<Verification> {
  const tasks = [
    ...Object.entries(operationCases).map(
      ([name, each]) =>
        [
          "operation",
          name,
          (): Computation => {
            const programs = operationPrograms(name, each);
            return { ...programs, inputs: randomInputs(programs.program) };
          },
        ] as const,
    ),
    ["operation", "adamw", adamwStep] as const,
    ...methodNames.map((name) => ["method", name, (): Computation => methodStep(name)] as const),
  ];
  const checks: Verified[] = [];
  for (const [index, [kind, name, build]] of tasks.entries()) {
    onProgress(index, tasks.length, `${kind} ${name}`);
    checks.push({ kind, name, ...(await check(device, build(), TOLERANCE[kind])) });
  }
  const passed = checks.every((each) => each.passed);
  const speed =
    measuresSpeed && passed ? await speeds(device, (what) => onProgress(tasks.length, tasks.length, what)) : undefined;
  const unmeasured = passed ? "not measured" : "not measured, since checks failed";
  return { device: device.device, checks, productGigaflops: null, training: unmeasured, ...speed, passed };
}

interface Computation {
  readonly program: Program;
  /** Computes the same; the program itself by default. */
  readonly reference?: Program;
  readonly inputs: Arrays;
}

type Outcome = Omit<Verified, "kind" | "name">;

async function check(
  device: DeviceOptions & { readonly device: string },
  { program, reference = program, inputs }: Computation,
  tolerance: number,
): Promise<Outcome> {
  const exact = await exactValues(reference, inputs);
  const cpu = device.device === "cpu" ? null : (await deviationOf(program, inputs, {}, exact)).largest;
  try {
    const { largest, output } = await deviationOf(program, inputs, device, exact);
    const deviation = Number.isFinite(largest) ? largest : null;
    return { deviation, cpuDeviation: cpu, output, passed: largest <= tolerance };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { deviation: null, cpuDeviation: cpu, error: error.message, passed: false };
  }
}

async function speeds(
  device: DeviceOptions,
  announce: (what: string) => void,
): Promise<Pick<Verification, "productGigaflops" | "training">> {
  announce("speed of matrix products");
  const productGigaflops = await productSpeed(device);
  announce("speed of MixedAE with ViT-Base/16");
  try {
    return { productGigaflops, training: await trainingSpeed(device, productGigaflops) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { productGigaflops, training: error.message };
  }
}

/** The optimizer's update of some parameters, in the middle of a run. */
function adamwStep(): Computation {
  const constants = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
  const program = adamwProgram(1000, constants);
  const scalars = adamwScalars(constants, { gradientScale: 0.5, learningRate: 1e-2, weightDecay: 0.05, step: 3 });
  const { square, ...vectors } = randomInputs(program);
  const numbers = Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]);
  return { program, inputs: { ...vectors, square: squared(square!), ...Object.fromEntries(numbers) } };
}

const squared = (values: Float32Array) => values.map((value) => value ** 2);

/** Of the normal distribution, the same for everybody. */
function randomInputs({ name, inputs }: Program): Record<string, Float32Array> {
  const arrays = [...inputs].map(([input, { shape }]) => {
    const stream = randomStream(0, `${name}/${input}`, 0, 0);
    return [input, Float32Array.from({ length: sizeOf(shape) }, () => stream.normal())] as const;
  });
  return Object.fromEntries(arrays);
}
