// What became of a set of images since its record was made: added, removed, renamed and changed images.

import { readFile, stat } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { imageFiles } from "./image-files.js";
import { filePath, type ImageSource } from "./image-source.js";
import { checkStamp, type ImageStamps } from "./image-stamps.js";
import { ListingProgress, type ListingWatch } from "./listing-progress.js";
import { recordSource, type SourceRecord } from "./source-record.js";

export interface SourceChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Images, archives or IDX files with other content. */
  readonly changed: readonly string[];
  /** Whether the same images come in another order. */
  readonly reordered: boolean;
}

export interface ComparisonOptions extends ListingWatch {
  /**
   * Look at every file, and not only at those of folders and archives that have changed, and read those whose time
   * differs. Images found changed are then known as they are now.
   */
  readonly everyFile?: boolean;
}

/** More files than these are not looked at to find out whether they were renamed. */
const MOST_RENAMED = 1_000;

/**
 * Compares a set with a record of it, and gives its images the stamps that are known of them, so that each is compared
 * again when it is read. Names are compared in any case; of files, only those in folders that have changed since, for a
 * start must not look at a million files. What stays undecided is decided as the image is read.
 */
export async function compareSource(
  record: SourceRecord,
  source: ImageSource,
  options: ComparisonOptions = {},
): Promise<SourceChanges> {
  const now = recordSource(source);
  const before = new Map(record.names.map((name, row) => [name, row]));
  const present = new Set(now.names);
  const added = now.names.filter((name) => !before.has(name));
  const removed = record.names.filter((name) => !present.has(name));
  if (now.stamps !== null && record.stamps !== null) adoptStamps(record.stamps, before, now.names, now.stamps);
  const renamed = await findRenamed(source, record, added, removed, before);
  const isRenamed = new Set(renamed.flatMap(({ from, to }) => [from, to]));
  const common = (names: readonly string[], other: { has(name: string): boolean }) =>
    names.filter((name) => other.has(name));
  const [was, is] = [common(record.names, present), common(now.names, before)];
  return {
    added: added.filter((name) => !isRenamed.has(name)),
    removed: removed.filter((name) => !isRenamed.has(name)),
    renamed,
    changed: [...changedContainers(record, now), ...(await findChanged(source, record, now, options))],
    reordered: is.some((name, place) => name !== was[place]),
  };
}

export function hasChanges({ added, removed, renamed, changed, reordered }: SourceChanges): boolean {
  return reordered || [added, removed, renamed, changed].some((list) => list.length > 0);
}

const EXAMPLES = 5;

/** A line for each kind of change, with a few examples. */
export function describeChanges({ added, removed, renamed, changed, reordered }: SourceChanges): string[] {
  const line = (what: string, names: readonly string[]) => {
    const more = names.length - EXAMPLES;
    const examples = names.slice(0, EXAMPLES).join(", ");
    return `${names.length.toLocaleString("en-US")} ${what}: ${examples}${more > 0 ? `, and ${more.toLocaleString("en-US")} more` : ""}`;
  };
  return [
    ...(added.length > 0 ? [line("added", added)] : []),
    ...(removed.length > 0 ? [line("removed", removed)] : []),
    ...(renamed.length > 0
      ? [
          line(
            "renamed",
            renamed.map(({ from, to }) => `${from} to ${to}`),
          ),
        ]
      : []),
    ...(changed.length > 0 ? [line("changed", changed)] : []),
    ...(reordered ? ["the images come in another order"] : []),
  ];
}

function adoptStamps(
  known: ImageStamps,
  rows: ReadonlyMap<string, number>,
  names: readonly string[],
  into: ImageStamps,
): void {
  names.forEach((name, row) => {
    const from = rows.get(name);
    if (from === undefined) return;
    into.sizes[row] = known.sizes[from]!;
    into.times[row] = known.times[from]!;
    into.sums[row] = known.sums[from]!;
  });
}

/** IDX files, whose content is in memory already. */
function changedContainers(record: SourceRecord, now: SourceRecord): string[] {
  const before = new Map(record.containers.map((container) => [container.name, container]));
  return now.containers
    .filter(({ name, sum }) => sum !== null && before.get(name)?.sum !== sum)
    .map(({ name }) => name);
}

/** Images whose files show it without being read; with `everyFile` those too whose content alone does. */
async function findChanged(
  { table }: ImageSource,
  record: SourceRecord,
  now: SourceRecord,
  { everyFile = false, ...watch }: ComparisonOptions,
): Promise<string[]> {
  const { names, stamps } = now;
  if (table.kind === "pixels" || stamps === null) return [];
  const files = imageFiles(table, names);
  const before = new Map(record.containers.map(({ name, time }) => [name, time]));
  const untouched = new Set(
    now.containers.filter(({ name, time }) => before.get(name) === time).map(({ name }) => name),
  );
  const progress = new ListingProgress(watch);
  const changed: string[] = [];
  try {
    for (const [row, name] of names.entries()) {
      const isKnown = stamps.sizes[row] !== 0;
      // A file may be written over without a trace in its folder, a member of an archive not.
      const mayDiffer = !untouched.has(files.containerOf(row)) || (everyFile && table.kind === "files");
      if (!isKnown || !mayDiffer) continue;
      if (progress.isDue) await progress.report(row);
      const found = await files.look(row);
      // What cannot be looked at is left to the reading, which says why.
      if (found === undefined) continue;
      if (everyFile) {
        if (found.size === stamps.sizes[row] && found.time === stamps.times[row]) continue;
        const bytes = await files.read(row).catch(() => undefined);
        if (bytes !== undefined && !checkStamp(stamps, row, found, bytes)) changed.push(name);
      } else if (found.size !== stamps.sizes[row]) changed.push(name);
    }
  } finally {
    await files.close();
  }
  return changed;
}

/** A file that is new and one that is gone are the same where their content agrees. */
async function findRenamed(
  source: ImageSource,
  { stamps }: SourceRecord,
  added: readonly string[],
  removed: readonly string[],
  before: ReadonlyMap<string, number>,
): Promise<SourceChanges["renamed"]> {
  const { table } = source;
  if (table.kind !== "files" || stamps === null || added.length > MOST_RENAMED) return [];
  const gone = removed.filter((name) => stamps.sizes[before.get(name)!] !== 0);
  const renamed: { from: string; to: string }[] = [];
  for (const to of added) {
    if (gone.length === 0) break;
    const path = filePath(table, to);
    const stats = await stat(path).catch(() => undefined);
    const ofThatSize = gone.filter((name) => stamps.sizes[before.get(name)!] === stats?.size);
    const bytes = ofThatSize.length > 0 ? await readFile(path).catch(() => undefined) : undefined;
    const from = bytes && ofThatSize.find((name) => stamps.sums[before.get(name)!] === crc32(bytes));
    if (from === undefined) continue;
    gone.splice(gone.indexOf(from), 1);
    renamed.push({ from, to });
  }
  return renamed;
}
