// Tar shards after WebDataset's convention: files with the same name up to the first dot form one sample. Labels of
// archives that are not sorted by name are found all the same.

import { closeSync, fstatSync, readSync } from "node:fs";
import { basename } from "node:path";
import { openRegular } from "../files/regular-file.js";
import { FormatError } from "../formats/errors.js";
import { listTar, type ReadBytes, type TarEntry } from "../formats/tar.js";
import { SourceError } from "./errors.js";
import { orSourceError } from "./folder-source.js";
import { hasImageName } from "./image-kind.js";
import { type Container, countOf, type ImageSource } from "./image-source.js";
import { allocateStamps } from "./image-stamps.js";
import { ListingProgress, type ListingWatch } from "./listing-progress.js";
import { sharedName, shareNames } from "./shared-names.js";

const LARGEST_LABEL = 256;
/** Headers of small images lie close together, so one read usually brings several. */
const WINDOW = 16 * 1024;

interface Sample {
  readonly archive: number;
  readonly image: TarEntry;
  readonly label: string | undefined;
}

/** Opens tar archives as one set, in the order given. Only headers and labels are read. */
export async function openTarSource(paths: readonly string[], watch: ListingWatch = {}): Promise<ImageSource> {
  const samples: Sample[] = [];
  const containers: Container[] = [];
  const progress = new ListingProgress(watch);
  let ignored = 0;
  for (const [archive, path] of paths.entries()) {
    const { container, others } = await readArchive(path, archive, samples, progress);
    containers.push(container);
    ignored += others;
  }
  const count = samples.length;
  if (count === 0) {
    throw new SourceError({
      expected: `image files in ${paths.join(", ")}`,
      found: ignored === 0 ? "no files" : countOf(ignored, "other file"),
      remedy: "Check that these are archives of images",
    });
  }
  const archives = new Uint32Array(new SharedArrayBuffer(4 * count));
  const offsets = new Float64Array(new SharedArrayBuffer(8 * count));
  const sizes = new Float64Array(new SharedArrayBuffer(8 * count));
  samples.forEach(({ archive, image }, i) => {
    archives[i] = archive;
    offsets[i] = image.offset;
    sizes[i] = image.size;
  });
  const names = shareNames(samples.map(({ image }) => image.name));
  const labelled = numberLabels(samples);
  const classes = labelled ? ` in ${countOf(labelled.classes.length, "class", "classes")}` : "";
  const others = ignored > 0 ? ` (ignored: ${countOf(ignored, "other file")})` : "";
  return {
    kind: "tar",
    count,
    description: `${countOf(count, "image")}${classes} in ${countOf(paths.length, "tar archive")}${others}`,
    ...(labelled && { classes: labelled.classes }),
    name: (index) => `${basename(paths[archives[index]!]!)}:${sharedName(names, index)}`,
    label: (index) => labelled?.labels[index],
    containers,
    table: { kind: "archives", paths, archives, offsets, sizes, stamps: allocateStamps(count) },
  };
}

/** Adds the samples of one archive and returns how many files belong to none. */
async function readArchive(
  path: string,
  archive: number,
  samples: Sample[],
  progress: ListingProgress,
): Promise<{ container: Container; others: number }> {
  const { descriptor: file, size } = orSourceError(path, () => openRegular(path));
  try {
    const { mtimeMs: time } = orSourceError(path, () => fstatSync(file));
    const read = windowedReader(file, path);
    let ignored = 0;
    let group: TarEntry[] = [];
    const first = samples.length;
    /** Labels that lie apart from their images, by what they have in common: the archive is not sorted. */
    const apart = new Map<string, TarEntry>();
    const labelIn = (cls: TarEntry) => {
      if (cls.size > LARGEST_LABEL) throw labelError(path, cls, `${cls.size} bytes`);
      return readLabel(read(cls.offset, cls.size), path, cls);
    };
    const finish = () => {
      const images = imagesOf(group);
      const cls = group.find((entry) => extensionOf(entry.name).toLowerCase() === "cls");
      const label = images.length > 0 && cls ? labelIn(cls) : undefined;
      for (const image of images) samples.push({ archive, image, label });
      if (images.length === 0 && cls) apart.set(keyOf(cls.name), cls);
      ignored += group.length - images.length - (label === undefined ? 0 : 1);
      group = [];
    };
    for (const entry of listTar(read, size)) {
      if (progress.isDue) await progress.report(samples.length);
      if (baseOf(entry.name).startsWith(".")) ignored++;
      else {
        if (group.length > 0 && keyOf(group[0]!.name) !== keyOf(entry.name)) finish();
        group.push(entry);
      }
    }
    finish();
    const used = new Set<TarEntry>();
    for (let row = first; row < samples.length && apart.size > 0; row++) {
      const sample = samples[row]!;
      const cls = sample.label === undefined ? apart.get(keyOf(sample.image.name)) : undefined;
      if (cls === undefined) continue;
      samples[row] = { ...sample, label: labelIn(cls) };
      used.add(cls);
    }
    ignored -= used.size;
    return { container: { name: basename(path), size, time, sum: null }, others: ignored };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new SourceError(
      {
        expected: `an intact tar archive at ${path}`,
        found: error.problem,
        remedy: "Get the archive again, or write it anew",
      },
      { cause: error },
    );
  } finally {
    closeSync(file);
  }
}

/**
 * The images of a sample: the first file whose whole extension is that of an image, so that "7.jpg" wins over
 * "7.mask.png". Where there is none, the names just contain dots ("IMG.2024.jpg") and each image stands for itself.
 */
function imagesOf(group: readonly TarEntry[]): readonly TarEntry[] {
  const plain = group.find(
    (entry) => hasImageName(`.${extensionOf(entry.name)}`) && !extensionOf(entry.name).includes("."),
  );
  return plain ? [plain] : group.filter((entry) => hasImageName(entry.name));
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** What stands behind the first dot of the last part of a name. */
function extensionOf(name: string): string {
  const base = baseOf(name);
  const dot = base.indexOf(".");
  return dot === -1 ? "" : base.slice(dot + 1);
}

function keyOf(name: string): string {
  const extension = extensionOf(name);
  return extension === "" ? name : name.slice(0, -extension.length - 1);
}

function readLabel(bytes: Uint8Array, path: string, entry: TarEntry): string {
  const text = Buffer.from(bytes).toString("utf8").trim();
  if (text === "" || /[\n\0\ufffd]/.test(text)) throw labelError(path, entry, JSON.stringify(text.slice(0, 40)));
  return text;
}

function labelError(path: string, entry: TarEntry, found: string): SourceError {
  return new SourceError({
    expected: `a number or a short name as label in ${entry.name} of ${path}`,
    found,
    remedy: "Write the class as text, for example 7",
  });
}

/** Numbers stay what they are, so that shards of one set agree; names are numbered in their order. */
function numberLabels(samples: readonly Sample[]): { classes: string[]; labels: Int32Array } | undefined {
  const texts = samples.map(({ label }) => label);
  if (texts.some((text) => text === undefined)) return undefined;
  const distinct = [...new Set(texts as string[])];
  let classes = distinct.sort();
  if (distinct.every((text) => /^[0-9]{1,5}$/.test(text))) {
    const most = distinct.reduce((largest, text) => Math.max(largest, Number(text)), 0);
    classes = Array.from({ length: most + 1 }, (_, i) => String(i));
  }
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const labels = Int32Array.from(texts, (text) => numbers.get(text!) ?? numbers.get(String(Number(text)))!);
  return { classes, labels };
}

/** Reads through a window of the file, so that walking over headers costs few system calls. */
function windowedReader(file: number, path: string): ReadBytes {
  const window = Buffer.alloc(WINDOW);
  let start = 0;
  let filled = 0;
  return (offset, length) => {
    if (length > WINDOW) {
      const bytes = Buffer.alloc(length);
      const got = orSourceError(path, () => readSync(file, bytes, 0, length, offset));
      return bytes.subarray(0, got);
    }
    if (offset < start || offset + length > start + filled) {
      filled = orSourceError(path, () => readSync(file, window, 0, WINDOW, offset));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}
