// The masks or annotations of a run of a dense task: compared by their checksums when it goes on.

import { z } from "zod";
import { SourceChangedError } from "../data/index.js";
import { writeJson } from "../files/atomic-write.js";
import { readTextIfThere } from "../files/storage.js";
import type { SourceChecks } from "../training/kept-images.js";
import type { RunEvents } from "../training/run-events.js";

/** A checksum of all that is marked in the images of each part of a set. */
export interface TargetChecksums {
  readonly training: string;
  readonly validation: string;
}

const checksum = z.string().regex(/^[0-9a-f]{64}$/);
const fileSchema = z.strictObject({ training: checksum, validation: checksum });

/** Of a new run. Throws StorageError. */
export async function keepTargets(path: string, checksums: TargetChecksums): Promise<void> {
  await writeJson(path, checksums);
}

/**
 * Throws SourceChangedError where what is marked in the images is not what the run began with and that is not accepted;
 * where it is, and where nothing is known of it, it is said. What is accepted is what the run goes on with.
 */
export async function compareTargets(
  path: string,
  now: TargetChecksums,
  folder: string,
  { acceptChangedSource = false }: SourceChecks,
  { warn }: Pick<RunEvents, "warn">,
): Promise<void> {
  const before = readTargets(path);
  if (before === undefined) {
    warn("This run has no checksums of its masks or annotations: whether they changed since it began is not known.");
    return;
  }
  const changed = (["training", "validation"] as const).filter((part) => before[part] !== now[part]);
  if (changed.length === 0) return;
  const found = `others in the ${changed.join(" and the ")} part`;
  if (!acceptChangedSource) {
    throw new SourceChangedError({
      expected: "the masks or annotations that the run began with",
      found,
      remedy: `Restore them; or continue with them as they are now: mixedae resume ${folder} --accept-changed-source`,
    });
  }
  warn(`Masks or annotations are not those that the run began with: ${found}`);
  await keepTargets(path, now);
}

/** Undefined where there is none, or none that can be read. Throws StorageError. */
function readTargets(path: string): TargetChecksums | undefined {
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
