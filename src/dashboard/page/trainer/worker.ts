// The worker of one training: a step blocks its thread, and the page's must stay free.

import {
  checkpointConfig,
  decodeImageFile,
  PageTraining,
  type PixelImage,
  registerBrowserEngines,
} from "../../../browser/index.js";
import { settleConfig } from "../../../config/settle.js";
import { describeSize, sizeOf } from "../../../data/image-size.js";
import { methodOf } from "../../../methods/registry.js";
import { type MixtureExploration, mixtureExploration } from "../../explorer/mixture-exploration.js";
import { builtInImages } from "./built-in-images.js";
import type { Device, Notice, Order, TrainingImages } from "./protocol.js";

/** What is used of a worker's global scope, whose types and those of a page exclude each other. */
interface WorkerScope {
  readonly location: { readonly href: string };
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(notice: Notice, transfer?: Transferable[]): void;
}

/** The build of ONNX Runtime, by what it computes with. */
const runtimeScripts: Readonly<Record<Device, string>> = { cpu: "ort.wasm.min.mjs", webgpu: "ort.webgpu.min.mjs" };
const BUILT_IN = 2000;
/** Room for crops of larger images. */
const WORKING_SHARE = 2;
/** Between two pictures of what it reconstructs. */
const PICTURE_MILLISECONDS = 3000;
const scope = globalThis as unknown as WorkerScope;
const tell = (notice: Notice, transfer: Transferable[] = []) => scope.postMessage(notice, transfer);

let training: PageTraining | undefined;
let exploration: MixtureExploration | undefined;
let last: Promise<unknown> = Promise.resolve();
/** The loop that takes steps now; 0 while none does. */
let running = 0;
let loops = 0;

scope.onmessage = ({ data: order }) => {
  void obey(order).catch((error: Error) => {
    running = 0;
    tell({ type: "problem", words: error.message });
  });
};

async function obey(order: Order): Promise<void> {
  if (order.type === "begin") await begin(order);
  else if (order.type === "pause") running = 0;
  else if (order.type === "go on") await run();
  else if (order.type === "explore") await explore(order.seed, order.segments);
  else if (training !== undefined) {
    const saved = training;
    const { bytes, step } = await inTurn(async () => ({ bytes: await saved.checkpoint(), step: saved.step }));
    tell({ type: "checkpoint", step, bytes }, [bytes.buffer]);
  }
}

async function begin({ from, images: wanted, device, threads }: Extract<Order, { type: "begin" }>): Promise<void> {
  tell({ type: "doing", words: "Loading the engine" });
  await loadEngines(device, threads);
  tell({ type: "doing", words: "Reading the images" });
  const config = from.kind === "choices" ? settleConfig(from.chosen) : await checkpointConfig(from.bytes, from.name);
  const { width, height } = sizeOf(config.model.imageSize);
  const { images, skipped, skippedBecause } = await readImages(wanted, Math.max(width, height));
  tell({ type: "doing", words: "Compiling the training step" });
  training =
    from.kind === "choices"
      ? await PageTraining.begin({ ...from.chosen, run: { device } }, images)
      : await PageTraining.resume(from.bytes, from.name, images, device);
  const { schedule, step } = training;
  tell({
    type: "begun",
    begun: {
      ...{ method: config.method, model: `${config.model.preset}, ${describeSize(config.model.imageSize)}`, step },
      ...{ totalSteps: schedule.totalSteps, batchSize: config.schedule.batchSize, images: images.length },
      ...{ skipped, skippedBecause, groupSize: methodOf(config).groupSize(config.methodOptions) },
      firstBlock: methodOf(config).firstBlock?.(config) ?? 0,
    },
  });
  await draw();
  await run();
}

/** Until it is told to pause, or there is no step left. */
async function run(): Promise<void> {
  if (training === undefined || running !== 0) return;
  const trained = training;
  const own = ++loops;
  running = own;
  let drawn = performance.now();
  while (running === own && !trained.isFinished) {
    tell({ type: "step", step: await inTurn(() => trained.advance()) });
    if (performance.now() - drawn > PICTURE_MILLISECONDS) {
      await draw();
      drawn = performance.now();
    }
    await nextTask();
  }
  // Told to go on before its last step was done, another loop has taken over.
  if (running !== own && running !== 0) return;
  running = 0;
  await draw();
  tell({ type: trained.isFinished ? "finished" : "paused" });
}

async function explore(seed: number, segments: boolean): Promise<void> {
  if (training === undefined) return;
  const explored = training;
  const { config, engine, weights } = explored;
  exploration ??= mixtureExploration(config, weights, engine);
  const { explore } = exploration;
  const pixels = explored.drawImages(seed, methodOf(config).groupSize(config.methodOptions));
  tell({ type: "explored", found: await inTurn(() => explore(pixels, seed, segments, explored.step)) });
}

async function draw(): Promise<void> {
  const drawn = training!;
  const images = await inTurn(() => drawn.reconstructions());
  if (images.length > 0) tell({ type: "pictures", step: drawn.step, images });
}

/** One computation after the other: the engine does no two at a time, and weights do not change under a reader. */
function inTurn<Found>(compute: () => Promise<Found>): Promise<Found> {
  const next = last.then(compute);
  last = next.catch(() => {});
  return next;
}

/** Lets orders in. A timer would be slowed down while the page is hidden. */
function nextTask(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

/** Beside this script, wherever the page is: its server has the files of onnxruntime-web there. */
async function loadEngines(device: Device, threads: number): Promise<void> {
  const folder = new URL("runtime/", scope.location.href).href;
  const runtime = await import(/* @vite-ignore */ `${folder}${runtimeScripts[device]}`);
  runtime.env.wasm.wasmPaths = folder;
  runtime.env.wasm.numThreads = threads;
  registerBrowserEngines(runtime);
}

async function readImages(wanted: TrainingImages, side: number) {
  if (wanted.kind === "built-in") return { images: builtInImages(BUILT_IN, side), skipped: 0, skippedBecause: "" };
  const images: PixelImage[] = [];
  let [skipped, skippedBecause] = [0, ""];
  for (const [place, file] of wanted.files.entries()) {
    if (place % 100 === 0) tell({ type: "doing", words: `Reading the images: ${place} of ${wanted.files.length}` });
    try {
      images.push(await decodeImageFile(file, { workingSide: WORKING_SHARE * side, background: [255, 255, 255] }));
    } catch (error) {
      skipped++;
      skippedBecause = (error as Error).message;
    }
  }
  return { images, skipped, skippedBecause };
}
