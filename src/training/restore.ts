// Where a resumed run goes on: its newest intact checkpoint, if it fits the run.
import { printable } from "../terminal/printable.js";
import type { Checkpoint } from "./checkpoints.js";
import { CheckpointError } from "./errors.js";
import type { RunDirectory, StoredConfig } from "./run-directory.js";
import type { RunEvents } from "./run-events.js";

/**
 * The newest intact checkpoint; undefined where there is none yet. Throws CheckpointError where it belongs to another
 * configuration, or to another number of images: then the run could not go on as if it had never stopped.
 */
export async function newestFitting<Config extends StoredConfig>(
  run: RunDirectory<Config>,
  /** Undefined where another number than before is accepted. */
  images: number | undefined,
  /** The sections of the configuration that decide the result. */
  decisive: readonly (keyof Config & string)[],
  /** Reads a configuration, which fills in the keys that it did not have when it was written. Throws ConfigError. */
  parse: (values: unknown, origin: string) => Config,
  events: RunEvents,
): Promise<Checkpoint | undefined> {
  const { checkpoint, refused } = await run.checkpoints.loadNewest();
  for (const { path, reason } of refused) {
    events.warn(`${printable(`${path} is not used: ${reason}`)}. Continuing from the one before.`);
  }
  if (checkpoint === null) return undefined;
  const saved = checkpoint.metadata.config;
  const differing =
    saved === undefined
      ? "configuration"
      : firstDifference(parse(JSON.parse(saved), checkpoint.path), run.config, decisive);
  if (differing !== undefined) {
    throw new CheckpointError(checkpoint.path, `it was written with another ${differing} than config.json has`);
  }
  const trainedOn = Number(checkpoint.metadata.images);
  if (images !== undefined && trainedOn !== images) {
    throw new CheckpointError(
      checkpoint.path,
      `the source had ${trainedOn} images when it was written; it has ${images} now`,
    );
  }
  return checkpoint;
}

/** The first section of two configurations that differs. */
function firstDifference<Config>(
  saved: Config,
  current: Config,
  decisive: readonly (keyof Config & string)[],
): string | undefined {
  // How images are held and decoded does not change what a batch holds.
  const isFree = (key: string) => ["workers", "memoryBudgetMiB", "maxUnreadableShare"].includes(key);
  const decisiveText = (value: unknown) => JSON.stringify(value, (key, part) => (isFree(key) ? undefined : part));
  return decisive.find((key) => decisiveText(saved[key]) !== decisiveText(current[key]));
}
