// Masks for images, by a trained segmentation model: an indexed PNG and a coloured overlay of each, at its own size.

import { join } from "node:path";
import sharp from "sharp";
import type { SkippedImage } from "../../data/index.js";
import { writeAtomically, writeJson } from "../../files/atomic-write.js";
import { encodeIndexedPng } from "../../formats/png-values-writer.js";
import { channelsOf } from "../../nn/presets.js";
import { overlaid } from "../../pictures/segmentation-sheet.js";
import { shownChannels } from "../../pictures/shown-channels.js";
import type { EventOptions } from "../../training/events.js";
import type { Warn } from "../../training/newest-checkpoint.js";
import { type EngineRequest, engineFor } from "../device.js";
import { type PredictionFiles, predictImages } from "../predict-images.js";
import { createSegmenter, type SegmentInference } from "./inference.js";
import { readSegmentationModel } from "./segmentation-model.js";

/** Which images get masks from which model. */
export interface PredictMasksRequest extends EngineRequest, PredictionFiles {
  /** A run of segmentation, or one of its checkpoints. */
  readonly from: string;
  /** "slide" by default. */
  readonly inference?: SegmentInference | undefined;
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

const REPORT = "segmentation.json";

/**
 * Writes masks/NAME.png (indexed, a label a pixel), overlays/NAME.png and segmentation.json. Throws OutputError where one of
 * them is there already, SourceError where there is nothing at a path, and the errors of `readSegmentationModel`.
 */
export async function predictMasks(
  request: PredictMasksRequest,
  options: EventOptions = {},
): Promise<PredictMasksResult> {
  const { opened, rows, skipped } = await predictImages(
    request,
    {
      verb: "segmented",
      folders: ["masks", "overlays"],
      files: [REPORT],
      async open(progress) {
        const { waiting } = progress;
        const trained = await waiting.during("Reading the model", () =>
          readSegmentationModel(request.from, request.warn),
        );
        const engine = await engineFor(request, trained.device, progress);
        const model = await waiting.duringBusy("Compiling the model", () =>
          createSegmenter(trained, engine, request.inference),
        );
        const channels = channelsOf(trained.shape.encoder);
        return { model, trained, channels, background: trained.background, colors: trained.colors };
      },
      async write({ path, image: { pixels, width, height }, predicted }, fileIn, { channels, colors, trained }) {
        const [mask, overlay] = [fileIn("masks"), fileIn("overlays")];
        await writeAtomically(mask, [encodeIndexedPng(predicted, width, height, colors)]);
        const image = { width, height, data: shownChannels(pixels, channels) };
        const png = sharp(overlaid(image, predicted, colors).data, { raw: { width, height, channels: 3 } }).png();
        await writeAtomically(overlay, [await png.toBuffer()]);
        return { image: path, mask, overlay, classes: sharesOf(predicted, trained.classes) };
      },
    },
    options,
  );
  const { origin: from, classes } = opened.trained;
  const result = { from, classes, images: rows, skipped };
  await writeJson(join(request.out, REPORT), {
    ...result,
    skipped: skipped.map(({ name, reason }) => ({ name, reason })),
  });
  return result;
}

function sharesOf(labels: Uint8Array, classes: readonly string[]): PredictedMask["classes"] {
  const counts = new Uint32Array(256);
  for (const label of labels) counts[label]!++;
  return classes
    .map((name, label) => ({ name, share: counts[label]! / labels.length }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}
