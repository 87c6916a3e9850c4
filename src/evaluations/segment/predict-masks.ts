// Masks for images, by a trained segmentation model: an indexed PNG and a coloured overlay of each, at its own size.

import { statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import sharp from "sharp";
import { findImagePaths, openWholeImages, pathSource, type SkippedImage } from "../../data/index.js";
import { writeAtomically, writeJson } from "../../files/atomic-write.js";
import { encodeIndexedPng } from "../../formats/png-values-writer.js";
import { channelsOf } from "../../nn/presets.js";
import { classColors } from "../../pictures/class-colors.js";
import { overlaid } from "../../pictures/segmentation-sheet.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { EventOptions } from "../../training/events.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { prepareOutputs } from "../../training/outputs.js";
import { type EngineRequest, engineFor } from "../device.js";
import { ImageProgress } from "../image-progress.js";
import { segmentAll } from "./segment-all.js";
import { createImageSegmenter } from "./segment-image.js";
import { readSegmentationModel } from "./segmentation-model.js";

/** Which images get masks from which model. */
export interface PredictMasksRequest extends EngineRequest {
  /** A run of segmentation, or one of its checkpoints. */
  readonly from: string;
  /** Paths of image files, of folders of them, and glob patterns. */
  readonly images: readonly string[];
  /** The folder for the masks. */
  readonly out: string;
  /** Whether files that are there already may be replaced; by default that is refused. */
  readonly overwrite?: boolean | undefined;
  readonly warn?: Warn | undefined;
}

/** What a mask was made of, and where it is; shares of the pixels by class, the largest first. */
export interface PredictedMask {
  readonly image: string;
  readonly mask: string;
  readonly overlay: string;
  readonly classes: readonly { readonly name: string; readonly share: number }[];
}

/** What was predicted by what. Images that could not be read are in `skipped`. */
export interface PredictMasksResult {
  readonly from: string;
  readonly classes: readonly string[];
  readonly images: readonly PredictedMask[];
  readonly skipped: readonly SkippedImage[];
}

/**
 * Writes masks/NAME.png (indexed, a label a pixel), overlays/NAME.png and segmentation.json. Throws OutputError where one of
 * them is there already, SourceError where there is nothing at a path, and the errors of `readSegmentationModel`.
 */
export async function predictMasks(
  request: PredictMasksRequest,
  options: EventOptions = {},
): Promise<PredictMasksResult> {
  const { from, out, overwrite } = request;
  const progress = ImageProgress.of(options);
  const { signal } = progress;
  const { paths } = await progress.waiting.during("Listing images", (count) =>
    findImagePaths(request.images, { onListing: (files) => count(files), ...(signal && { signal }) }),
  );
  const source = pathSource(paths);
  const names = distinctNames(paths);
  const fileOf = (kind: "masks" | "overlays", index: number) => join(out, kind, `${names[index]}.png`);
  const report = join(out, "segmentation.json");
  const outputs = paths.flatMap((_, index) => [fileOf("masks", index), fileOf("overlays", index)]);
  const folders = request.images.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  await prepareOutputs([report, ...outputs], { overwrite, inputs: paths, sources: folders });

  const model = await progress.waiting.during("Reading the model", () => readSegmentationModel(from, request.warn));
  const engine = await engineFor(request, model.device, progress);
  const segmenter = await progress.waiting.duringBusy("Compiling the model", () => createImageSegmenter(model, engine));
  const colors = classColors(model.classes);
  const channels = channelsOf(model.shape.encoder);
  const reader = openWholeImages(source, { channels, background: model.background });
  const images: PredictedMask[] = [];
  const skipped: SkippedImage[] = [];
  progress.begin("segmented", source.count);
  try {
    const onUnreadable = (index: number, reason: string) => {
      const skip = { index, name: source.name(index), reason };
      skipped.push(skip);
      progress.skip(skip);
    };
    for await (const each of segmentAll(segmenter, reader, source.count, onUnreadable)) {
      const { index, predicted: labels } = each;
      const { width, height } = each.image;
      const [mask, overlay] = [fileOf("masks", index), fileOf("overlays", index)];
      await writeAtomically(mask, [encodeIndexedPng(labels, width, height, colors)]);
      const image = { width, height, data: shownChannels(each.image.pixels, channels) };
      const png = sharp(overlaid(image, labels, colors).data, { raw: { width, height, channels: 3 } }).png();
      await writeAtomically(overlay, [await png.toBuffer()]);
      images.push({ image: paths[index]!, mask, overlay, classes: sharesOf(labels, model.classes) });
      progress.update(each.done);
    }
  } finally {
    progress.end();
    reader.close();
  }
  const result = { from: model.origin, classes: model.classes, images, skipped };
  await writeJson(report, { ...result, skipped: skipped.map(({ name, reason }) => ({ name, reason })) });
  return result;
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

function sharesOf(labels: Uint8Array, classes: readonly string[]): PredictedMask["classes"] {
  const counts = new Uint32Array(256);
  for (const label of labels) counts[label]!++;
  return classes
    .map((name, label) => ({ name, share: counts[label]! / labels.length }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}
