// Embeds the images of a source: features, names and labels go to disk as they are computed, and a killed process goes on.

import { dirname, resolve } from "node:path";
import type { Split } from "../data/idx-source.js";
import type { ImageSource } from "../data/index.js";
import { openEngine } from "../engine/index.js";
import { createFeatureExtractor, type Pooling } from "../heads/features.js";
import { channelsOf } from "../nn/presets.js";
import { countTrue, fromFirst } from "../processes/agreement.js";
import { printable } from "../terminal/printable.js";
import { throwIfStopped } from "../terminal/waiting.js";
import type { EventOptions } from "../training/events.js";
import { openImages } from "../training/open-images.js";
import { makeOutputFolder } from "../training/outputs.js";
import { threadsTogether } from "../training/together.js";
import { embedTogether } from "./embed-together.js";
import { EmbeddedImages } from "./embedded-images.js";
import { EvaluationError } from "./errors.js";
import { type FeatureOrigin, featureOrigin } from "./feature-description.js";
import type { FeatureLine } from "./feature-lines.js";
import { FeatureWriter } from "./feature-writer.js";
import { ImageProgress } from "./image-progress.js";
import { type EmbeddingModel, fingerprint, type ModelRequest, openEmbeddingModel } from "./model.js";
import { openModelImages } from "./model-images.js";

/** Which images are embedded by which encoder, and where to. */
export interface EmbedRequest extends ModelRequest {
  readonly source: string | readonly string[];
  /** Of an IDX folder that has both; "train" by default. */
  readonly split?: Split;
  /** The .npy file; the others lie beside it. */
  readonly out: string;
  /** Default: the mean of the patch tokens; of a fine-tuned classifier what its head sees. */
  readonly pooling?: Pooling | undefined;
  /** Threads of the engine; 0, the default, means one a physical core. */
  readonly threads?: number | undefined;
}

/** How an embedding ended; times are in seconds. */
export interface EmbedSummary {
  readonly outcome: "finished" | "stopped" | "already finished";
  /** Images with features, of all processes together. */
  readonly count: number;
  readonly width: number;
  readonly skipped: number;
  /** Of this process: images, its wall time, and the share of it that waited for images to be decoded. */
  readonly images: number;
  readonly seconds: number;
  readonly waitSeconds: number;
}

/**
 * An aborted signal ends it in order after the batch that is being computed; called again, it goes on. Before the first
 * batch it rejects with the signal's reason. Throws EvaluationError where other files are in the way, another process is
 * writing there or finished files are damaged, and the errors of the parts.
 */
export async function embed(request: EmbedRequest, options: EventOptions = {}): Promise<EmbedSummary> {
  const progress = ImageProgress.of(options);
  const { split = "train" } = request;
  const source = await openImages(request.source, split, progress.waiting);
  const model = await progress.waiting.during("Reading the encoder", () => openEmbeddingModel(request));
  const pooling = poolingOf(request.pooling, model);
  const { imageSize, width } = model.shape;
  const channels = channelsOf(model.shape);
  const origin = featureOrigin({
    source: typeof request.source === "string" ? resolve(request.source) : request.source.map((path) => resolve(path)),
    split,
    images: source.count,
    from: request.from === "scratch" ? request.from : resolve(request.from),
    origin: model.origin,
    ...(request.student && { student: true as const }),
    fingerprint: fingerprint(model),
    pooling,
    imageSize: typeof imageSize === "number" ? imageSize : [...imageSize],
    ...(channels !== 3 && { channels }),
    width,
    classes: source.classes ? [...source.classes] : null,
  });
  const { communicator } = progress;
  const files = communicator.rank === 0 ? await openFiles(request.out, source, origin, progress) : undefined;
  const begun = await fromFirst(communicator, () => files && { first: files.writer?.next ?? null });
  if (begun === undefined || begun.first === null) {
    return { outcome: "already finished", count: 0, width, skipped: 0, images: 0, seconds: 0, waitSeconds: 0 };
  }
  try {
    return await embedRest(files, begun.first, source, model, { ...request, pooling }, progress);
  } finally {
    files?.writer?.close();
  }
}

/** What the first of several processes writes. */
interface EmbeddingFiles {
  readonly images: EmbeddedImages;
  /** Undefined where all is written already. */
  readonly writer: FeatureWriter | undefined;
}

async function openFiles(
  out: string,
  source: ImageSource,
  origin: FeatureOrigin,
  progress: ImageProgress,
): Promise<EmbeddingFiles> {
  await makeOutputFolder(dirname(out));
  const images = await EmbeddedImages.open(out, source, origin, progress);
  const writer = await FeatureWriter.open(out, origin);
  return { images, writer: writer === "finished" ? undefined : writer };
}

/** Throws EvaluationError for tokens that the encoder has learnt nothing about. */
function poolingOf(wanted: Pooling | undefined, { headPooling, normPlace, origin }: EmbeddingModel): Pooling {
  if (wanted !== undefined && normPlace === "mean" && wanted !== "mean") {
    throw new EvaluationError({
      expected: `the mean of the patch tokens, which ${origin} was fine-tuned with`,
      found: "--pool cls",
      remedy: "Leave it out, or fine-tune with --set pooling=cls",
    });
  }
  return wanted ?? headPooling ?? "mean";
}

/** Without files, what is computed is the first process' to write. */
async function embedRest(
  files: EmbeddingFiles | undefined,
  first: number,
  source: ImageSource,
  model: EmbeddingModel,
  { pooling, threads }: { readonly pooling: Pooling; readonly threads?: number | undefined },
  progress: ImageProgress,
): Promise<EmbedSummary> {
  const { communicator } = progress;
  const { writer, images } = files ?? {};
  const missing = new Set(writer?.missing);
  progress.print(printable(`${source.description}; ${model.origin}`));
  if (first > 0) progress.print(`Continuing after ${first.toLocaleString("en-US")} images.`);
  if (writer?.damaged) {
    progress.print(`What else the unfinished files held is damaged or cannot be checked; it is computed again.`);
  }

  const ownThreads = await threadsTogether(communicator, threads ?? 0);
  const extractor = await progress.waiting.duringBusy("Compiling the encoder", () =>
    createFeatureExtractor(model, openEngine({ threads: ownThreads })),
  );
  await throwIfStopped(progress.signal);
  const reader = await openModelImages(source, model, extractor);
  const began = performance.now();
  let next = first;
  let waitSeconds = 0;
  let stopped = false;
  try {
    progress.begin("embedded", source.count, next);
    if (next < source.count) {
      const part = { first, count: source.count, batch: extractor.batch };
      for await (const { indices, skipped, features, waited } of embedTogether(
        communicator,
        reader,
        part,
        async (pixels) => (await extractor.extract(pixels))[pooling],
      )) {
        for (const each of skipped) {
          missing.add(each.index);
          progress.skip(each);
        }
        next += indices.length + skipped.length;
        writer?.append(
          features,
          Array.from(indices, (index) => lineOf(source, index)),
          next,
        );
        waitSeconds += waited;
        progress.advance(next);
        await images?.writeIfDue();
        const [isStopped] = await countTrue(communicator, [progress.signal?.aborted === true]);
        stopped = next < source.count && isStopped! > 0;
        if (stopped) break;
      }
    }
  } finally {
    progress.end();
    await reader.close();
  }
  const seconds = (performance.now() - began) / 1000;
  const count = writer?.count ?? 0;
  await images?.write();
  if (stopped) writer?.sync();
  else await writer?.finish([...missing].sort((a, b) => a - b).map((index) => source.name(index)));
  const outcome = stopped ? "stopped" : "finished";
  const { width } = model.shape;
  return { outcome, count, width, skipped: missing.size, images: next - first, seconds, waitSeconds };
}

function lineOf(source: ImageSource, index: number): FeatureLine {
  const label = source.label(index);
  const line = { index, name: source.name(index) };
  return label === undefined ? line : { ...line, label, class: source.classes![label]! };
}
