// Sets in the format of MNIST: an IDX file with images and one with labels in the same folder.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { readBytes } from "../files/regular-file.js";
import { FormatError } from "../formats/errors.js";
import { readIdxImages, readIdxLabels } from "../formats/idx.js";
import { SourceError } from "./errors.js";
import { orSourceError } from "./folder-source.js";
import { type Container, countOf, type ImageSource } from "./image-source.js";

/** Which images of a set that has both. */
export type Split = "train" | "test";

const IMAGES = /^(?:(.+)[-_])?images[-.]idx[34][-.]ubyte(?:\.gz)?$/;
const LARGEST_FILE = 2 ** 31 - 1;

/** True if a file is named like the images of an IDX set. */
export function hasIdxName(name: string): boolean {
  return IMAGES.test(basename(name));
}

/** The images file of a split among the files of a folder. A set with one images file has no splits to choose from. */
export function chooseIdxFile(folder: string, names: readonly string[], split: Split): string {
  // Where a file lies there both gzipped and not, the plain one is the cheaper.
  const plain = names.filter((name) => !(name.endsWith(".gz") && names.includes(name.slice(0, -3))));
  const wanted = plain.filter((name) => splitOf(name) === split);
  if (wanted.length === 1) return join(folder, wanted[0]!);
  if (plain.length === 1 && splitOf(plain[0]!) === undefined) return join(folder, plain[0]!);
  throw new SourceError({
    expected: `one IDX file with the images of split "${split}" in ${folder}`,
    found: plain.join(", "),
    remedy: `Choose another split, or give the path of the images file itself`,
  });
}

function splitOf(name: string): Split | undefined {
  const prefix = IMAGES.exec(basename(name))?.[1];
  if (prefix === undefined) return undefined;
  if (/train/.test(prefix)) return "train";
  return /test|t10k/.test(prefix) ? "test" : undefined;
}

/** Opens an IDX file with images; labels come from the file in the same folder that is named alike. */
export function openIdxSource(path: string): ImageSource {
  const { value: images, container } = decode(path, readIdxImages);
  if (images.count === 0 || images.width === 0 || images.height === 0) {
    throw new SourceError({
      expected: `images in ${path}`,
      found: `shape ${images.count} x ${images.height} x ${images.width}`,
      remedy: "Give a file that holds images",
    });
  }
  const labelsPath = findLabels(path);
  const labelsFile = labelsPath === undefined ? undefined : decode(labelsPath, readIdxLabels);
  const labels = labelsFile?.value;
  if (labels && labels.length !== images.count) {
    throw new SourceError({
      expected: `a label for each of the ${images.count} images of ${path}`,
      found: `${labels.length} labels in ${labelsPath}`,
      remedy: "Take images and labels from the same set",
    });
  }
  const classCount = labels?.reduce((most, label) => Math.max(most, label + 1), 0);
  const { count, width, height, channels } = images;
  const pixels = new Uint8Array(new SharedArrayBuffer(images.pixels.length));
  pixels.set(images.pixels);
  const size = `${width} x ${height}${channels === 1 ? " in grey" : ""}`;
  const classes = classCount === undefined ? "" : ` in ${countOf(classCount, "class", "classes")}`;
  return {
    kind: "idx",
    count,
    description: `${countOf(count, "image")} of ${size}${classes} from ${basename(path)}`,
    ...(classCount !== undefined && { classes: Array.from({ length: classCount }, (_, i) => String(i)) }),
    name: (index) => `${basename(path)}[${index}]`,
    label: (index) => labels?.[index],
    containers: labelsFile === undefined ? [container] : [container, labelsFile.container],
    table: { kind: "pixels", width, height, channels, pixels },
  };
}

function findLabels(imagesPath: string): string | undefined {
  const name = basename(imagesPath);
  if (!hasIdxName(name)) return undefined;
  const labels = name.replace(/images([-.])idx[34]/, "labels$1idx1").replace(/\.gz$/, "");
  const present = orSourceError(imagesPath, () => readdirSync(dirname(imagesPath)));
  const found = [labels, `${labels}.gz`].find((candidate) => present.includes(candidate));
  return found && join(dirname(imagesPath), found);
}

function decode<Value>(path: string, read: (bytes: Uint8Array) => Value): { value: Value; container: Container } {
  const { size, mtimeMs: time } = orSourceError(path, () => statSync(path));
  const bytes = orSourceError(path, () => readBytes(path, LARGEST_FILE));
  try {
    return { value: read(bytes), container: { name: basename(path), size, time, sum: crc32(bytes) } };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new SourceError(
      { expected: `an intact IDX file at ${path}`, found: error.problem, remedy: "Get the file again" },
      { cause: error },
    );
  }
}
