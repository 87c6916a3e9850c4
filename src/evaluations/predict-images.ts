// Applies a model to image files, and writes what it says of each beside the others in folders of their own.

import { statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { type Color, findImagePaths, openWholeImages, pathSource, type SkippedImage } from "../data/index.js";
import type { EventOptions } from "../training/events.js";
import { prepareOutputs } from "../training/outputs.js";
import { ImageProgress } from "./image-progress.js";
import { type ImageModel, type PredictedImage, predictAll } from "./predict-all.js";

/** Which images are read, and where what is said of them goes. */
export interface PredictionFiles {
  /** Paths of image files, of folders of them, and glob patterns. */
  readonly images: readonly string[];
  readonly out: string;
  /** Whether files that are there already may be replaced; by default that is refused. */
  readonly overwrite?: boolean | undefined;
}

/** A model, and what it is given. */
export interface OpenedModel<Predicted> {
  readonly model: ImageModel<Predicted>;
  readonly channels: number;
  /** What shows through where an image is transparent. */
  readonly background: Color;
}

/** What a model says of an image. */
type PredictedBy<Opened> = Opened extends OpenedModel<infer Predicted> ? Predicted : never;

/** What is done with each image. */
export interface Prediction<Row, Opened extends OpenedModel<unknown>> {
  /** For progress, such as "segmented". */
  readonly verb: string;
  /** Folders below that of the output: a PNG file of each image is in each. */
  readonly folders: readonly string[];
  /** Files beside these, which the caller writes. */
  readonly files: readonly string[];
  /** Called once it is certain that nothing is overwritten. */
  readonly open: (progress: ImageProgress) => Promise<Opened>;
  /** Writes the files of an image, `fileIn` by folder, and returns what is said of it. */
  readonly write: (
    each: PredictedImage<PredictedBy<Opened>> & { readonly path: string },
    fileIn: (folder: string) => string,
    opened: Opened,
  ) => Promise<Row>;
}

/** Throws OutputError where one of the files is there already, SourceError where there is nothing at a path. */
export async function predictImages<Row, Opened extends OpenedModel<unknown>>(
  { images, out, overwrite }: PredictionFiles,
  { verb, folders, files, open, write }: Prediction<Row, Opened>,
  options: EventOptions,
): Promise<{ readonly opened: Opened; readonly rows: readonly Row[]; readonly skipped: readonly SkippedImage[] }> {
  const progress = ImageProgress.of(options);
  const { signal } = progress;
  const { paths } = await progress.waiting.during("Listing images", (count) =>
    findImagePaths(images, { onListing: (files) => count(files), ...(signal && { signal }) }),
  );
  const source = pathSource(paths);
  const names = distinctNames(paths);
  const fileOf = (folder: string, index: number) => join(out, folder, `${names[index]}.png`);
  const outputs = paths.flatMap((_, index) => folders.map((folder) => fileOf(folder, index)));
  const sources = images.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  await prepareOutputs([...files.map((file) => join(out, file)), ...outputs], { overwrite, inputs: paths, sources });

  const opened = await open(progress);
  const reader = openWholeImages(source, { channels: opened.channels, background: opened.background });
  const rows: Row[] = [];
  const skipped: SkippedImage[] = [];
  progress.begin(verb, source.count);
  try {
    const onUnreadable = (index: number, reason: string) => {
      const skip = { index, name: source.name(index), reason };
      skipped.push(skip);
      progress.skip(skip);
    };
    const model = opened.model as ImageModel<PredictedBy<Opened>>;
    for await (const each of predictAll(model, reader, [0, source.count], onUnreadable)) {
      const { index, done } = each;
      rows.push(await write({ ...each, path: paths[index]! }, (folder) => fileOf(folder, index), opened));
      progress.update(done);
    }
  } finally {
    progress.end();
    reader.close();
  }
  return { opened, rows, skipped };
}

/** The names of the files without their endings; of those of the same name in other folders, numbered. */
function distinctNames(paths: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return paths.map((path) => {
    const name = basename(path, extname(path));
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}
