// Runs of dense tasks: an encoder and one folder with both parts of a set, from a new folder or from where a run stopped.

import { absolutePaths } from "../config/config.js";
import type { ImageSource } from "../data/index.js";
import { fromFirst } from "../processes/agreement.js";
import type { Waits } from "../terminal/waiting.js";
import type { EventOptions } from "../training/events.js";
import type { ResumeOverrides } from "../training/hooks.js";
import { goOnWithImages, KeptImages } from "../training/kept-images.js";
import type { PretrainedModel } from "../training/pretrained.js";
import { readConfigFile } from "../training/run-config.js";
import type { RunDirectory } from "../training/run-directory.js";
import { RunEvents } from "../training/run-events.js";
import { refuseRunAmongImages, runPaths } from "../training/run-folder.js";
import type { SupervisedConfig, SupervisedResult } from "../training/supervised-run.js";
import { checkThreads, runHere } from "../training/threads.js";
import { createRun, openRun } from "../training/together.js";
import { withRun } from "../training/with-run.js";
import { EvaluationError } from "./errors.js";
import { compareTargets, keepTargets, type TargetChecksums } from "./kept-targets.js";
import { fingerprint, type ModelRequest, openModel } from "./model.js";

/** Both parts of a set. */
export interface DenseSets<Set> {
  readonly train: Set;
  readonly test: Set;
}

/** What a run of the task is given. */
export interface DenseRun<Config extends SupervisedConfig, Set> {
  readonly run: RunDirectory<Config>;
  readonly sets: DenseSets<Set>;
  readonly kept: readonly [KeptImages, KeptImages];
  readonly events: RunEvents;
  /** The encoder that a new run begins with. */
  readonly start?: PretrainedModel;
}

/** The facts of a new run that its configuration records beside what was chosen. */
export interface DenseFacts {
  readonly from: { readonly origin: string; readonly fingerprint: string };
  readonly images: string;
  readonly model: Pick<PretrainedModel, "shape" | "normalization"> & { readonly background: [number, number, number] };
}

/** What dense tasks differ in. */
export interface DenseTask<
  Request extends ModelRequest & { readonly images: string },
  Config extends SupervisedConfig & { readonly images: string; readonly run: SupervisedConfig["run"] },
  Set extends { readonly source: ImageSource },
  Report,
> {
  open(folder: string, split: "training" | "validation", waits: Waits): Promise<Set>;
  /** Of all that is marked in the images of a part, SHA-256 in hexadecimal. */
  checksum(set: Set, waits: Waits): Promise<string>;
  /** The whole configuration of a new run. Throws ConfigError, EvaluationError. */
  configure(request: Request, model: PretrainedModel, sets: DenseSets<Set>, facts: DenseFacts): object;
  /** Reads a configuration of this kind. Throws ConfigError. */
  parse(values: unknown, origin: string): Config;
  train(run: DenseRun<Config, Set>): Promise<SupervisedResult<Report>>;
}

/** Starts a run in a new folder, and resolves when it is tested or was stopped. Throws the errors of the parts. */
export async function startDense<
  Request extends ModelRequest & { readonly images: string },
  Config extends SupervisedConfig & { readonly images: string },
  Set extends { readonly source: ImageSource },
  Report,
>(
  task: DenseTask<Request, Config, Set, Report>,
  request: Request,
  folder: string,
  options: EventOptions,
): Promise<SupervisedResult<Report>> {
  const events = new RunEvents(options);
  const images = absolutePaths(request.images) as string;
  refuseRunAmongImages(folder, [images]);
  const sets = await openBoth(task, images, events);
  const model = await events.during("Reading the encoder", () => openModel(request));
  const { shape, normalization, background, origin } = model;
  const given = task.configure(request, model, sets, {
    from: { origin, fingerprint: fingerprint(model) },
    images,
    model: { shape, normalization, background: [...background] as [number, number, number] },
  });
  // Parsed as it is written, so that the folder holds plain values and nothing that only looks like them.
  const config = task.parse(JSON.parse(JSON.stringify(given)), "the new configuration");
  checkThreads(config.run);
  return withRun(await createRun(folder, config, events), events, async (run) => {
    const { paths } = run;
    if (run.isWritten) await keepTargets(paths.targets, await checksumsOf(task, sets, events));
    const kept = [
      KeptImages.begin(paths.images, sets.train.source),
      KeptImages.begin(paths.testImages, sets.test.source),
    ] as const;
    return task.train({ run, sets, kept, events, start: model });
  });
}

/**
 * Goes on with a run from its newest intact checkpoint, exactly as if it had never stopped. Throws SourceChangedError where its
 * images are others than it began with, unless that is accepted.
 */
export async function resumeDense<
  Request extends ModelRequest & { readonly images: string },
  Config extends SupervisedConfig & { readonly images: string },
  Set extends { readonly source: ImageSource },
  Report,
>(
  task: DenseTask<Request, Config, Set, Report>,
  folder: string,
  options: ResumeOverrides & EventOptions,
): Promise<SupervisedResult<Report>> {
  const events = new RunEvents(options);
  const read = await fromFirst(events.communicator, () => readConfigFile(folder));
  const stored = task.parse(read, runPaths(folder).config);
  const { source } = options;
  if (Array.isArray(source) || options.testSource !== undefined) {
    throw new EvaluationError({
      expected: "one folder that holds the set with both of its parts",
      found: "several paths",
      remedy: "Give one with --source, and leave --test-source out",
    });
  }
  const moved = source === undefined ? stored : { ...stored, images: absolutePaths(source as string) as string };
  const sets = await openBoth(task, moved.images, events);
  const opened = await openRun(folder, { ...moved, run: runHere(stored.run, options, events.note) }, events);
  return withRun(opened, events, async (run) => {
    const goOn = (path: string, set: Set) => goOnWithImages(path, set.source, folder, options, events);
    const kept = [await goOn(run.paths.images, sets.train), await goOn(run.paths.testImages, sets.test)] as const;
    await fromFirst(events.communicator, async () =>
      compareTargets(run.paths.targets, await checksumsOf(task, sets, events), folder, options, events),
    );
    if (source !== undefined) await run.writeConfig(moved);
    return task.train({ run, sets, kept, events });
  });
}

async function checksumsOf<Set>(
  { checksum }: { checksum(set: Set, waits: Waits): Promise<string> },
  { train, test }: DenseSets<Set>,
  waits: Waits,
): Promise<TargetChecksums> {
  return { training: await checksum(train, waits), validation: await checksum(test, waits) };
}

async function openBoth<Set>(
  { open }: { open(folder: string, split: "training" | "validation", waits: Waits): Promise<Set> },
  images: string,
  waits: Waits,
): Promise<DenseSets<Set>> {
  const train = await open(images, "training", waits);
  return { train, test: await open(images, "validation", waits) };
}
